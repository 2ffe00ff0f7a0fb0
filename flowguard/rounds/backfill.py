"""Rebuilding whole days: Bronze from its stored bytes, SILVER from Bronze, GOLD from SILVER."""

from collections.abc import Collection, Iterable
from datetime import date

import polars as pl

from flowguard.models.scope import Scope, days
from flowguard.rounds import attribution, gold
from flowguard.rounds.changes import Changes, count_days, mark_dirty
from flowguard.rounds.redecode import redecode
from flowguard.rounds.silver import CLICK_MODELS, ORDER_MODELS, orders_refunded, rebuild_touched
from flowguard.settings import Settings
from flowguard.silver.tables import ATTRIBUTED_ORDERS, ORDER_REFUNDS, ORDERS_CLEANED
from flowguard.warehouse import Session, Warehouse

_ORDERS = {model.full_name for model in ORDER_MODELS}
_CLICKS = {model.full_name for model in CLICK_MODELS}
_RAW = {"bronze.orders_raw", "bronze.clicks_raw"}


def rebuild(
    warehouse: Warehouse, settings: Settings, tables: Collection[str], first: date, last: date, *, run_id: str
) -> Changes:
    """Rebuild days of tables, given by full name; ``first`` and ``last`` are both included.

    Days are days of arrival for Bronze and quarantine, of the event for SILVER and GOLD. Tables that are decided
    together are rebuilt together. Each group is replaced in one transaction; GOLD follows on its own where it was
    not asked for.
    """
    chosen = set(tables)
    raw = _RAW if "ops.quarantine" in chosen else _RAW & chosen
    changes: Changes = {}
    with warehouse.session() as session, session.at_full_strength():
        for table in sorted(raw):
            changes |= redecode(warehouse, session, settings, table, first, last, run_id, _rebuild_events)
        if _ORDERS & chosen:
            changes |= _rebuild_silver(session, settings, "bronze.orders_raw", first, last)
        if _CLICKS & chosen:
            changes |= _rebuild_silver(session, settings, "bronze.clicks_raw", first, last)
        if ATTRIBUTED_ORDERS.full_name in chosen and not _ORDERS & chosen:
            changes |= _attribute(session, first, last)
    return changes | gold.rebuild(warehouse, settings, chosen, first, last)


def _rebuild_silver(session: Session, settings: Settings, raw: str, first: date, last: date) -> Changes:
    with session.transaction():
        changes = _rebuild_events(session, settings, raw, [days(first, last)], pl.DataFrame())
        mark_dirty(session, changes)
    return changes


def _attribute(session: Session, first: date, last: date) -> Changes:
    with session.transaction():
        changes = attribution.rebuild_days(session, [days(first, last)])
        mark_dirty(session, changes)
    return changes


def _rebuild_events(
    session: Session, settings: Settings, raw: str, scopes: list[Scope], refunds: pl.DataFrame
) -> Changes:
    """Rebuild the event days of scopes from a raw table, within a transaction.

    ``refunds``: order_ids of refunds that may have gone, whose orders change too, wherever they are.
    """
    if raw == "bronze.clicks_raw":
        for model in CLICK_MODELS:
            for scope in scopes:
                session.rebuild(model, scope)
        changes = _days_in(session, ("silver.clicks_cleaned", "silver.click_duplicates"), raw, scopes)
        return changes | attribution.rebuild_days(
            session, attribution.after_clicks(scopes, settings.attribution_window)
        )
    named = [refunds.select("order_id")] if refunds.height else []
    named.append(_refunds_in(session, scopes))
    for model in ORDER_MODELS:
        for scope in scopes:
            session.rebuild(model, scope)
    named.append(_refunds_in(session, scopes))
    orders = orders_refunded(session, pl.concat(named))
    if orders.height:
        rebuild_touched(session, (ORDERS_CLEANED,), orders)
    names = tuple(model.full_name for model in ORDER_MODELS)
    return (
        _days_in(session, names, raw, scopes)
        | count_days(ORDERS_CLEANED.full_name, orders["event_timestamp"])
        | attribution.rebuild_days(session, scopes)
    )


def _refunds_in(session: Session, scopes: Iterable[Scope]) -> pl.DataFrame:
    return pl.concat(
        session.query(
            f"SELECT order_id FROM {ORDER_REFUNDS.full_name} "
            f"WHERE refund_date >= '{scope.first_day}' AND refund_date < '{scope.end_day}'"
        )
        for scope in scopes
    )


def _days_in(session: Session, names: Collection[str], raw: str, scopes: Iterable[Scope]) -> Changes:
    changes: Changes = {}
    for scope in scopes:
        arrivals = session.query(
            f"SELECT _arrival_date FROM {raw} "
            f"WHERE event_timestamp >= '{scope.start}' AND event_timestamp < '{scope.end}'"
        ).to_series()
        changes |= {(name, day): 0 for name in names for day in scope.days}
        changes |= count_days(raw, arrivals)
    return changes
