"""What the readers of all formats give."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from flowguard.events.contract import Refusal

NUMBERS = frozenset({"position", "schema_version"})
"""The fields of events that are whole numbers in JSON; a price may be text."""
TEXTS = frozenset(
    {
        "event_id",
        "event_type",
        "user_id",
        "session_id",
        "item_id",
        "item_name",
        "category",
        "order_id",
        "currency",
        "page",
        "price",
    }
)


class Batch(NamedTuple):
    """Some lines of a file: where each is, its JSON, what cannot even become JSON, and the bytes of file read."""

    file: Path
    lines: Sequence[int]
    payloads: Sequence[bytes]
    unreadable: Sequence[tuple[int, Refusal]]
    size: int
