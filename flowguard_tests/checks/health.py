"""Whether any promise is broken: all checks of severity ERROR in one question."""

from collections.abc import Collection
from datetime import date

from flowguard.checks.registry import CHECKS
from flowguard.warehouse import Warehouse


def broken_promises(warehouse: Warehouse, days: Collection[date], schema: str = "") -> dict[str, int]:
    """How many rows of some days fail, by the checks that do; of all tables, or of one schema."""
    counts = " UNION ALL ".join(
        f"SELECT '{check.table} {check.name}' AS promise, COUNT(*) AS failing FROM ({check.failing(days)}) AS broken"
        for check in CHECKS
        if check.error and check.table.startswith(schema)
    )
    return dict(warehouse.query(f"SELECT promise, failing FROM ({counts}) AS counted WHERE failing > 0").iter_rows())
