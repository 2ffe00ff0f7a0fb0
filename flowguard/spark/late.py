"""What came while Spark computed from a snapshot: its rows do not know of it, so the warehouse adds it to them."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import polars as pl

from flowguard.bronze.tables import CLICKS_RAW, ORDERS_RAW
from flowguard.kafka.ranges import Position
from flowguard.models.scope import Scope, covered
from flowguard.rounds import outbox
from flowguard.rounds.changes import Changes
from flowguard.rounds.progress import positions
from flowguard.silver.tables import ATTRIBUTED_ORDERS
from flowguard.warehouse import Session

_SINCE = "SELECT MIN(arrival_date) FROM ops.ingest_ranges WHERE NOT ({known})"
_FRESH = """
SELECT {columns}, user_id FROM {raw}
WHERE _rule IS NULL AND NOT ({known}) AND _arrival_date >= CAST('{since}' AS DATE)
"""
_ORDER = "event_id, event_type, order_id, event_timestamp, _arrival_date"
_CLICK = "event_id, event_timestamp, _arrival_date"
_TOLD = "SELECT DISTINCT user_id FROM ops.outbox WHERE sequence > {sequence}"
_DAYS = """
SELECT order_date, CAST(click_timestamp AS DATE) AS click_date FROM silver.attributed_orders
WHERE {scopes} AND user_id IN (SELECT user_id FROM late)
"""


class Known(NamedTuple):
    """What a snapshot knows: up to which offset of each partition, and up to which change of the outbox."""

    positions: list[Position]
    sequence: int


def known(session: Session) -> Known:
    """What the session's snapshot knows."""
    return Known(positions(session), outbox.last_sequence(session))


class Fresh(NamedTuple):
    """Events of Bronze that a snapshot does not know, as `flowguard.rounds.silver.follow` takes them."""

    orders: pl.DataFrame
    clicks: pl.DataFrame
    users: pl.DataFrame
    """In column user_id: whose attribution may be another one by now."""


def fresh(session: Session, known: Known) -> Fresh:
    """What came since. That Bronze was not decoded again meanwhile, the lock on that sees to."""
    of_ranges = _of(known, "topic", "partition", "generation", "start_offset")
    since = session.query(_SINCE.format(known=of_ranges)).item() or date.max
    of_rows = _of(known, "_topic", "_partition", "_generation", "_offset")
    orders, clicks = (
        session.query(_FRESH.format(columns=columns, raw=raw.full_name, known=of_rows, since=since))
        for columns, raw in ((_ORDER, ORDERS_RAW), (_CLICK, CLICKS_RAW))
    )
    told = session.query(_TOLD.format(sequence=known.sequence))
    users = pl.concat([orders.select("user_id"), clicks.select("user_id"), told]).unique()
    return Fresh(orders.drop("user_id"), clicks.drop("user_id"), users)


def days(session: Session, users: pl.DataFrame, scopes: Sequence[Scope]) -> Changes:
    """The days of the orders of users, and of their clicks: GOLD has to follow them."""
    session.keep("late", users)
    found = session.query(_DAYS.format(scopes=covered(scopes, "order_timestamp", "order_date")))
    both = pl.concat([found["order_date"], found["click_date"].drop_nulls().alias("order_date")]).unique()
    return {(ATTRIBUTED_ORDERS.full_name, day): 0 for day in both}


def _of(known: Known, topic: str, partition: str, generation: str, offset: str) -> str:
    """The condition that a snapshot knows what has these coordinates."""
    places = (
        f"{topic} = '{at.topic}' AND {partition} = {at.partition} AND ({generation} < {at.generation} "
        f"OR ({generation} = {at.generation} AND {offset} < {at.next_offset}))"
        for at in known.positions
    )
    return " OR ".join(places) or "FALSE"
