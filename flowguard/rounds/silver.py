"""SILVER follows new Bronze rows: the rows that they touch are rebuilt, nothing else."""

from datetime import timedelta

import polars as pl

from flowguard.faults import crash_point
from flowguard.models.scope import spans
from flowguard.models.table import Model
from flowguard.rounds import attribution
from flowguard.rounds.changes import Changes, count_days
from flowguard.settings import Settings
from flowguard.silver.tables import CLICK_DUPLICATES, CLICKS_CLEANED, ORDER_DUPLICATES, ORDER_REFUNDS, ORDERS_CLEANED
from flowguard.warehouse import Session

ORDER_MODELS = (ORDER_DUPLICATES, ORDER_REFUNDS, ORDERS_CLEANED)
CLICK_MODELS = (CLICK_DUPLICATES, CLICKS_CLEANED)

_REFUNDS_TOUCHED = """
SELECT event_id, 'order_refunded' AS event_type, order_id, refunded_at AS event_timestamp, _arrival_date
FROM silver.order_refunds
WHERE order_id IN (SELECT order_id FROM fresh) OR event_id IN (SELECT event_id FROM fresh)
"""
_ORDERS_REFUNDED = """
SELECT event_id, 'order_placed' AS event_type, order_id, order_timestamp AS event_timestamp, _arrival_date
FROM silver.orders_cleaned
WHERE order_id IN (SELECT order_id FROM refunded)
"""
_ORDERS_PLACED_AGAIN = """
SELECT event_id, 'order_placed' AS event_type, order_id, order_timestamp AS event_timestamp, _arrival_date
FROM silver.orders_cleaned
WHERE order_id IN (SELECT order_id FROM fresh)
    AND order_timestamp >= CAST('{first}' AS TIMESTAMP) AND order_timestamp <= CAST('{last}' AS TIMESTAMP)
"""


def follow(session: Session, orders: pl.DataFrame, clicks: pl.DataFrame, settings: Settings) -> Changes:
    """Rebuild what new events touch, and attribute again the orders that they, or their twins, concern.

    ``orders`` has columns event_id, event_type, order_id, event_timestamp, _arrival_date; ``clicks`` has event_id,
    event_timestamp, _arrival_date.
    """
    touched, changes = _follow_orders(session, orders, settings.duplicate_window)
    changes |= _follow_clicks(session, clicks)
    crash_point("attribution.begun")
    return changes | attribution.follow(session, touched, clicks, settings.attribution_window)


def _follow_orders(session: Session, fresh: pl.DataFrame, duplicate_window: timedelta) -> tuple[pl.DataFrame, Changes]:
    """Rebuild what new order events touch: themselves, their twins, and the orders whose refunds they change.

    Returns the events that were touched, and the days.
    """
    if fresh.is_empty():
        return fresh, {}
    touched = pl.concat([fresh, *_orders_touched(session, fresh, duplicate_window)]).unique()
    placed = pl.col("event_type") == "order_placed"
    refunds = touched.filter(~placed)
    # Rebuilding refunds where none is touched would find nothing, at the price of two statements.
    rebuild_touched(session, ORDER_MODELS if refunds.height else (ORDER_DUPLICATES, ORDERS_CLEANED), touched)
    duplicates = _duplicates(session, ORDER_DUPLICATES, "bronze.orders_raw", touched)
    return touched, {
        # A refund that repeats an order's event_id and time, but arrived before it, takes the order out of the orders.
        **{("silver.orders_cleaned", day): 0 for table, day in duplicates if table == ORDER_DUPLICATES.full_name},
        **count_days("silver.orders_cleaned", touched.filter(placed)["event_timestamp"]),
        **count_days("silver.order_refunds", refunds["event_timestamp"]),
        **count_days("bronze.orders_raw", touched["_arrival_date"]),
        **duplicates,
    }


def _follow_clicks(session: Session, fresh: pl.DataFrame) -> Changes:
    """Rebuild what new impressions and clicks touch: themselves and their twins."""
    if fresh.is_empty():
        return {}
    rebuild_touched(session, CLICK_MODELS, fresh)
    return {
        **count_days("silver.clicks_cleaned", fresh["event_timestamp"]),
        **count_days("bronze.clicks_raw", fresh["_arrival_date"]),
        **_duplicates(session, CLICK_DUPLICATES, "bronze.clicks_raw", fresh),
    }


def orders_refunded(session: Session, refunded: pl.DataFrame) -> pl.DataFrame:
    """The orders, whenever placed, that have one of the order_ids in column order_id."""
    session.keep("refunded", refunded.select("order_id").unique())
    return session.query(_ORDERS_REFUNDED)


def rebuild_touched(session: Session, models: tuple[Model, ...], touched: pl.DataFrame) -> None:
    """Rebuild models where events are touched. ``touched`` has columns event_id and event_timestamp."""
    session.keep("touched", touched.select("event_id").unique())
    scopes = spans(touched["event_timestamp"])
    for model in models:
        for scope in scopes:
            session.rebuild(model, scope)


def _orders_touched(session: Session, fresh: pl.DataFrame, window: timedelta) -> list[pl.DataFrame]:
    session.keep("fresh", fresh)
    refunds = session.query(_REFUNDS_TOUCHED)
    first, last = fresh["event_timestamp"].min() - window, fresh["event_timestamp"].max() + window  # type: ignore[operator]
    again = session.query(_ORDERS_PLACED_AGAIN.format(first=first, last=last))
    refunded = pl.concat([refunds, fresh.filter(pl.col("event_type") == "order_refunded")])
    return [refunds, again, orders_refunded(session, refunded)] if refunded.height else [again]


def _duplicates(session: Session, model: Model, raw: str, touched: pl.DataFrame) -> Changes:
    """An earlier arrival may turn a row of an older arrival day into a duplicate: that day's ledger changes too."""
    found = [
        session.query(
            f"SELECT event_date, _arrival_date FROM {model.full_name} WHERE event_date >= '{scope.first_day}' "
            f"AND event_date < '{scope.end_day}' AND event_id IN (SELECT event_id FROM touched)"
        )
        for scope in spans(touched["event_timestamp"])
    ]
    rows = pl.concat(found)
    if rows.is_empty():
        return {}
    return {
        **count_days(model.full_name, rows["event_date"]),
        **count_days(raw, pl.concat([rows["_arrival_date"], touched["_arrival_date"]])),
    }
