"""Attribution follows: the orders of the users and spans of time that new events touch are attributed again.

An order depends on the clicks of its user in the window before it. So a click touches the orders of its user from the
click to the end of the window; an event that stopped counting, being a duplicate now, touches what it touched before.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import polars as pl

from flowguard.faults import crash_point
from flowguard.models.scope import Scope, covered, ranges_of, spans
from flowguard.rounds import outbox
from flowguard.rounds.changes import Changes, count_days, mark_dirty
from flowguard.silver.tables import ATTRIBUTED_ORDERS
from flowguard.warehouse import Session

_DAY = timedelta(days=1)
# Raw rows and not clean ones, because a row that is a duplicate now is no longer among those.
_ORDERS = """
SELECT DISTINCT user_id, order_id, event_timestamp FROM bronze.orders_raw
WHERE {scopes} AND _rule IS NULL AND event_type = 'order_placed' AND event_id IN (SELECT event_id FROM events)
"""
_CLICKS = """
SELECT user_id, MIN(event_timestamp) AS first, MAX(event_timestamp) AS last FROM bronze.clicks_raw
WHERE {scopes} AND _rule IS NULL AND event_type = 'click' AND event_id IN (SELECT event_id FROM events)
GROUP BY user_id, CAST(event_timestamp AS DATE)
"""
# A line per user and day, not per click: with one per click, a busy user would make pairs without number.
_ORDERS_AFTER = """
SELECT DISTINCT placed.user_id, placed.order_timestamp AS event_timestamp
FROM silver.orders_cleaned AS placed
JOIN clicked ON clicked.user_id = placed.user_id
WHERE {scopes} AND placed.order_timestamp >= clicked.first AND placed.order_timestamp <= clicked.until
"""
_CLICK_DAYS = """
SELECT DISTINCT CAST(click_timestamp AS DATE) AS day FROM silver.attributed_orders
WHERE {scopes} AND {touched} AND click_timestamp IS NOT NULL
"""
_NEVER_ATTRIBUTED = """
SELECT DISTINCT order_date FROM silver.orders_cleaned
WHERE order_date NOT IN (SELECT order_date FROM silver.attributed_orders)
"""
_NO_ORDERS = pl.DataFrame(schema={"user_id": pl.String, "order_id": pl.String, "event_timestamp": pl.Datetime("us")})
_TOUCHED = "user_id IN (SELECT user_id FROM touched)"


def follow(session: Session, orders: pl.DataFrame, clicks: pl.DataFrame, window: timedelta) -> Changes:
    """Attribute again what events touch, within the transaction in which SILVER followed them.

    ``orders`` and ``clicks`` are events that are new, or whose twins are: columns event_id and event_timestamp.
    """
    placed = _placed(session, orders)
    affected = pl.concat(
        [placed.select("user_id", "event_timestamp"), _after(session, _clicked(session, clicks), window)]
    )
    if affected.is_empty():
        return {}
    session.keep("touched", affected.select("user_id").unique())
    session.keep("ordered", placed.select("order_id").unique())
    changes = rebuild(session, spans(affected["event_timestamp"]))
    return changes | count_days(ATTRIBUTED_ORDERS.full_name, affected["event_timestamp"])


def rebuild(session: Session, scopes: Sequence[Scope], late: pl.DataFrame | None = None) -> Changes:
    """Attribute again the orders of scopes, all touched or all whole, and note in the outbox what changed.

    ``late``: users, in column user_id, of whom more is known than in rows that were prepared for whole scopes.
    Returns the days of their clicks too, before and now: GOLD counts an order on the day of its click. The days of
    the orders are known to the caller.
    """
    days = _click_days(session, scopes)
    outbox.recall(session, scopes)
    for scope in scopes:
        session.rebuild(ATTRIBUTED_ORDERS, scope)
    if late is not None and late.height:
        session.keep("touched", late)
        for scope in scopes:
            session.rebuild(ATTRIBUTED_ORDERS, replace(scope, touched=True))
    crash_point("attribution.rebuilt")
    changes = outbox.note(session, scopes)
    crash_point("attribution.noted")
    return changes | {(ATTRIBUTED_ORDERS.full_name, day): 0 for day in (*days, *_click_days(session, scopes))}


def rebuild_days(session: Session, scopes: Sequence[Scope], late: pl.DataFrame | None = None) -> Changes:
    """Attribute again the orders of whole days, within a transaction; each day is named, as if it had changed."""
    days = [day for scope in scopes for day in scope.days]
    return rebuild(session, scopes, late) | {(ATTRIBUTED_ORDERS.full_name, day): 0 for day in days}


def catch_up(session: Session) -> None:
    """Attribute the orders of a home that was made before orders were attributed; as a rule there are none."""
    for scope in ranges_of(session.query(_NEVER_ATTRIBUTED).to_series()):
        with session.transaction():
            mark_dirty(session, rebuild_days(session, [scope]))


def after_clicks(scopes: Sequence[Scope], window: timedelta) -> list[Scope]:
    """The scopes of orders that the clicks of whole days may have caused."""
    return [Scope(scope.start, scope.end + window) for scope in scopes]


def _placed(session: Session, orders: pl.DataFrame) -> pl.DataFrame:
    found = _arrivals(session, _ORDERS, orders)
    return _NO_ORDERS if found is None else found


def _clicked(session: Session, clicks: pl.DataFrame) -> pl.DataFrame | None:
    """By user and day, the first and the last of the clicks."""
    return _arrivals(session, _CLICKS, clicks)


def _arrivals(session: Session, query: str, events: pl.DataFrame) -> pl.DataFrame | None:
    """Every arrival of events, whether it counts or not."""
    if events.is_empty():
        return None
    session.keep("events", events.select("event_id").unique())
    return session.query(query.format(scopes=covered(spans(events["event_timestamp"]), "event_timestamp")))


def _after(session: Session, clicked: pl.DataFrame | None, window: timedelta) -> pl.DataFrame:
    """The orders that clicks may have caused."""
    if clicked is None or clicked.is_empty():
        return _NO_ORDERS.drop("order_id")
    session.keep("clicked", clicked.select("user_id", "first", until=pl.col("last") + window))
    scopes = [Scope(scope.start, scope.end + _DAY + window) for scope in spans(clicked["first"])]
    return session.query(_ORDERS_AFTER.format(scopes=covered(scopes, "placed.order_timestamp")))


def _click_days(session: Session, scopes: Sequence[Scope]) -> pl.Series:
    touched = _TOUCHED if scopes[0].touched else "TRUE"
    bounds = covered(scopes, "order_timestamp", "order_date")
    return session.query(_CLICK_DAYS.format(scopes=bounds, touched=touched)).to_series()
