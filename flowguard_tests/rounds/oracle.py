"""The identity rules in plain Python, row by row: an independent second opinion on SILVER."""

from datetime import timedelta
from typing import Any

WINDOW = timedelta(days=7)
Row = dict[str, Any]


def arrival(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("_arrived_at", "_topic", "_generation", "_partition", "_offset"))


def place(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("_topic", "_generation", "_partition", "_offset"))


def duplicates(passed: list[Row]) -> set[tuple[Any, ...]]:
    """The places of rows that an earlier arrival makes a duplicate."""
    return {
        place(row) for row in passed if any(arrival(other) < arrival(row) and _same(row, other) for other in passed)
    }


def refunds(passed: list[Row]) -> dict[str, Row]:
    """The refund that counts, by order_id."""
    twice = duplicates(passed)
    return {r["order_id"]: r for r in passed if r["event_type"] == "order_refunded" and place(r) not in twice}


def _same(row: Row, other: Row) -> bool:
    if (row["event_id"], row["event_timestamp"]) == (other["event_id"], other["event_timestamp"]):
        return True
    if "order_id" not in row or row["order_id"] != other["order_id"] or row["event_type"] != other["event_type"]:
        return False
    apart = abs(row["event_timestamp"] - other["event_timestamp"])
    return row["event_type"] == "order_refunded" or apart <= WINDOW
