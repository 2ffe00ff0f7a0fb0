"""Keeping the lake fast: small files are merged, deleted rows written out, what nothing refers to removed."""

from flowguard.warehouse.ducklake.connection import LAKE

KEPT_FOR = "2 hours"
"""How long old snapshots can be read."""

STEPS = (
    ("merge small files", f"CALL ducklake_merge_adjacent_files('{LAKE}')"),
    ("rewrite files with deleted rows", f"CALL ducklake_rewrite_data_files('{LAKE}', delete_threshold => 0.02)"),
    ("merge rewritten files", f"CALL ducklake_merge_adjacent_files('{LAKE}')"),
    ("expire old snapshots", f"CALL ducklake_expire_snapshots('{LAKE}', older_than => now() - INTERVAL '{KEPT_FOR}')"),
    (
        "remove files that no snapshot refers to",
        f"CALL ducklake_cleanup_old_files('{LAKE}', older_than => now() - INTERVAL '10 minutes')",
    ),
)
