"""Where sessions keep relations: one table that is there, because a CREATE would commit the transaction around it."""

from collections import Counter
from collections.abc import Iterable, Mapping
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
CREATE = "CREATE TRANSIENT TABLE IF NOT EXISTS {} (relation VARCHAR, {})".format(
    SCRATCH, ", ".join(f"{kind}_{number} {type}" for kind, (type, slots) in _SLOTS.items() for number in range(slots))
)


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


def _slots(kinds: Iterable[str]) -> Iterable[str]:
    used: Counter[str] = Counter()
    for kind in kinds:
        assert used[kind] < _SLOTS[kind][1], f"a relation has too many columns of kind {kind}"
        yield f"{kind}_{used[kind]}"
        used[kind] += 1
