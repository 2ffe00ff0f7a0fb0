"""Rebuilding the SILVER of whole days of events, within a transaction: orders, clicks, and attribution after them."""

from collections.abc import Collection, Iterable, Sequence

import polars as pl

from flowguard.bronze.tables import CLICKS_RAW, ORDERS_RAW
from flowguard.models.scope import Scope, covered
from flowguard.models.table import Model
from flowguard.rounds import attribution
from flowguard.rounds.changes import Changes, count_days
from flowguard.rounds.silver import CLICK_MODELS, ORDER_MODELS, orders_refunded, rebuild_touched
from flowguard.settings import Settings
from flowguard.silver.tables import ORDER_REFUNDS, ORDERS_CLEANED
from flowguard.warehouse import Session

ORDERS = {model.full_name for model in ORDER_MODELS}
CLICKS = {model.full_name for model in CLICK_MODELS}
_REFUNDS = f"SELECT order_id, refunded_at FROM {ORDER_REFUNDS.full_name} WHERE {{of_days}}"


def rebuild_events(session: Session, settings: Settings, raws: Collection[str], scopes: Sequence[Scope]) -> Changes:
    """Rebuild the event days of scopes from raw tables, and attribute their orders again.

    Every day is named, and the days of arrival of its events, as if it had changed; so are the days of orders of
    other days whose refund did.
    """
    changes = rebuild_cleaned(session, raws, scopes)
    return changes | attribution.rebuild_days(session, attributed(settings, raws, scopes))


def rebuild_cleaned(session: Session, raws: Collection[str], scopes: Sequence[Scope]) -> Changes:
    """Rebuild the event days of scopes but for their attribution."""
    changes: Changes = {}
    if ORDERS_RAW.full_name in raws:
        changes |= _rebuild_orders(session, scopes)
    if CLICKS_RAW.full_name in raws:
        changes |= _rebuild(session, CLICK_MODELS, CLICKS_RAW.full_name, scopes)
    return changes


def attributed(settings: Settings, raws: Collection[str], scopes: Sequence[Scope]) -> Sequence[Scope]:
    """The scopes of the orders that are attributed again when the events of scopes are rebuilt."""
    if CLICKS_RAW.full_name in raws:
        return attribution.after_clicks(scopes, settings.attribution_window)
    return scopes


def _rebuild_orders(session: Session, scopes: Sequence[Scope]) -> Changes:
    before = _refunds(session, scopes)
    changes = _rebuild(session, ORDER_MODELS, ORDERS_RAW.full_name, scopes)
    after = _refunds(session, scopes)
    changed = pl.concat(
        [before.join(after, on=before.columns, how="anti"), after.join(before, on=before.columns, how="anti")]
    )
    if changed.is_empty():
        return changes
    orders = orders_refunded(session, changed)
    if orders.height:
        rebuild_touched(session, (ORDERS_CLEANED,), orders)
    return changes | count_days(ORDERS_CLEANED.full_name, orders["event_timestamp"])


def _rebuild(session: Session, models: Iterable[Model], raw: str, scopes: Iterable[Scope]) -> Changes:
    changes: Changes = {}
    for model in models:
        for scope in scopes:
            session.rebuild(model, scope)
            changes |= {(model.full_name, day): 0 for day in scope.days}
    return changes | _arrivals(session, raw, scopes)


def _arrivals(session: Session, raw: str, scopes: Iterable[Scope]) -> Changes:
    """The days on which the events arrived: their ledger changes too."""
    found = session.query(
        f"SELECT _arrival_date, COUNT(*) FROM {raw} WHERE {covered(scopes, 'event_timestamp')} GROUP BY _arrival_date"
    )
    return {(raw, day): rows for day, rows in found.iter_rows()}


def _refunds(session: Session, scopes: Iterable[Scope]) -> pl.DataFrame:
    return session.query(_REFUNDS.format(of_days=covered(scopes, "refunded_at")))
