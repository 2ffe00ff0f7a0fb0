"""Where sessions keep relations: one table that is there, because a CREATE would commit the transaction around it.

A session deletes what it kept; what killed processes have left goes when a writer opens the tables after a day.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

SCRATCH = "ops.scratch"
_SLOTS = {
    "TEXT": ("VARCHAR", 24),
    "FIXED": ("NUMBER(38, 6)", 24),
    "DATE": ("DATE", 6),
    "TIMESTAMP": ("TIMESTAMP_NTZ", 8),
    "BOOLEAN": ("BOOLEAN", 4),
    "BINARY": ("BINARY", 2),
    "REAL": ("FLOAT", 4),
}
"""For each kind of column the type and the number of its slots."""
COLUMNS = {"relation": "VARCHAR", "kept_at": "TIMESTAMP_NTZ"} | {
    f"{kind}_{number}".lower(): type for kind, (type, slots) in _SLOTS.items() for number in range(slots)
}
"""The type of each column by its name."""
CREATE = "CREATE TRANSIENT TABLE IF NOT EXISTS {} ({})".format(
    SCRATCH, ", ".join(f"{name} {type}" for name, type in COLUMNS.items())
)
LONGEST_SESSION = timedelta(days=1)
"""Longer than any session lives: rolling runs end after an hour, a backfill is one of many short steps."""


class Kind(NamedTuple):
    """A column's type: one of the kinds of slots, and the type to read it as."""

    slot: str
    type: str


class Kept(NamedTuple):
    """A kept relation: its id, and the slot of each of its columns."""

    id: str
    slots: dict[str, str]
    select: str


def keep(id: str, columns: Mapping[str, Kind]) -> Kept:
    """Give each column a slot."""
    slots = dict(zip(columns, _slots(kind.slot for kind in columns.values()), strict=True))
    listed = ", ".join(f"CAST({slots[name]} AS {kind.type}) AS {name}" for name, kind in columns.items())
    return Kept(id, slots, f"SELECT {listed} FROM {SCRATCH} WHERE relation = '{id}'")


def now() -> datetime:
    """When a relation is kept or a file uploaded, a naive UTC time."""
    return datetime.now(UTC).replace(tzinfo=None)


def delete_leftovers() -> str:
    """The statement that deletes what sessions have left that cannot live any more."""
    return f"DELETE FROM {SCRATCH} WHERE kept_at < '{now() - LONGEST_SESSION}'"


def _slots(kinds: Iterable[str]) -> Iterable[str]:
    used: Counter[str] = Counter()
    for kind in kinds:
        assert used[kind] < _SLOTS[kind][1], f"a relation has too many columns of kind {kind}"
        yield f"{kind}_{used[kind]}"
        used[kind] += 1
