"""What FlowGuard saw of one browser session: its events in SILVER, and the click that each order is credited to."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from msgspec import Struct

MOST_EVENTS = 200
"""The latest are told."""
LOOKING_BACK = timedelta(hours=24)
"""By event time, so that what an answer costs does not grow with history."""

_DAY = timedelta(days=1)
# Whose click it is that an order is credited to is decided by user_id, which anybody can claim: a click of another
# session is told of, but not which one it was.
_SQL = """
WITH latest AS (
    SELECT * FROM (
        SELECT
            event_id, 'order_placed' AS event_type, item_id, item_name, order_id, order_timestamp AS happened_at,
            _topic, _generation, _partition, _offset, _arrived_at, _arrival_date
        FROM silver.orders_cleaned
        WHERE session_id = '{session}' AND order_timestamp >= {since} AND order_date >= {since_day}
        UNION ALL
        SELECT
            event_id, event_type, item_id, item_name, NULL, event_timestamp,
            _topic, _generation, _partition, _offset, _arrived_at, _arrival_date
        FROM silver.clicks_cleaned
        WHERE session_id = '{session}' AND event_timestamp >= {since} AND event_date >= {since_day}
    ) AS events
    ORDER BY happened_at DESC, event_id
    LIMIT {most}
)
SELECT
    latest.event_id, latest.event_type, latest.item_id, latest.item_name, latest.order_id, latest.happened_at,
    latest._arrived_at, round.committed_at,
    CASE
        WHEN attributed.order_id IS NULL THEN NULL
        WHEN attributed.click_event_id IS NULL THEN 'nothing'
        WHEN click.event_id IS NULL THEN 'another_session'
        ELSE 'click'
    END AS credited_to,
    click.event_id AS click_event_id, click.item_id AS clicked_item_id, click.item_name AS clicked_item_name,
    CASE WHEN click.event_id IS NOT NULL THEN attributed.seconds_to_order END AS seconds_to_order
FROM latest
JOIN ops.ingest_ranges AS round
    ON round.topic = latest._topic AND round.generation = latest._generation AND round.partition = latest._partition
    AND round.start_offset <= latest._offset AND latest._offset < round.end_offset
    AND round.arrival_date >= {arrived_since}
LEFT JOIN silver.attributed_orders AS attributed
    ON attributed.order_id = latest.order_id AND attributed.order_timestamp = latest.happened_at
    AND attributed.model = 'last_click' AND attributed.order_date >= {since_day}
LEFT JOIN silver.clicks_cleaned AS click
    ON click.event_id = attributed.click_event_id AND click.event_timestamp = attributed.click_timestamp
    AND click.session_id = '{session}' AND click.event_date >= {clicked_since}
ORDER BY latest.happened_at DESC, latest.event_id
"""


class Credit(Struct, frozen=True, omit_defaults=True):
    """What an order is credited to; of a click of another session no more is told."""

    to: Literal["click", "another_session", "nothing"]
    event_id: str | None = None
    item_id: str | None = None
    item_name: str | None = None
    seconds_to_order: int | None = None


class SeenEvent(Struct, frozen=True, omit_defaults=True):
    """An event in SILVER. Times are UTC: when it happened, when Kafka stored it, when its round was committed."""

    event_id: str
    event_type: Literal["impression", "click", "order_placed"]
    item_id: str
    item_name: str
    happened_at: datetime
    in_kafka_at: datetime
    in_silver_at: datetime
    order_id: str | None = None
    credit: Credit | None = None


class Seen(Struct, frozen=True):
    """The events of one session of the last 24 hours, the latest first, at most 200."""

    events: list[SeenEvent]


def question(session_id: str, now: datetime, window: timedelta) -> str:
    """The SELECT for a session. The id must be checked before; ``now`` is naive UTC, ``window`` that of attribution."""
    since = now - LOOKING_BACK
    return _SQL.format(
        session=session_id,
        most=MOST_EVENTS,
        since=f"CAST('{since}' AS TIMESTAMP)",
        since_day=_day(since),
        clicked_since=_day(since - window),
        arrived_since=_day(since - _DAY),  # an event may carry a time a little after its arrival
    )


def seen_event(row: dict[str, Any]) -> SeenEvent:
    """A row of the answer to `question`."""
    credit = row["credited_to"] and Credit(
        row["credited_to"],
        row["click_event_id"],
        row["clicked_item_id"],
        row["clicked_item_name"],
        row["seconds_to_order"],
    )
    return SeenEvent(
        event_id=row["event_id"],
        event_type=row["event_type"],
        item_id=row["item_id"],
        item_name=row["item_name"],
        happened_at=row["happened_at"].replace(tzinfo=UTC),
        in_kafka_at=row["_arrived_at"].replace(tzinfo=UTC),
        in_silver_at=row["committed_at"].replace(tzinfo=UTC),
        order_id=row["order_id"],
        credit=credit,
    )


def _day(instant: datetime) -> str:
    return f"CAST('{instant.date()}' AS DATE)"
