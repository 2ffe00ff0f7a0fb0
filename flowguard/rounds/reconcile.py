"""Reconciling a day: GOLD is computed again for whatever came in on it, whether or not it is known to be dirty."""

from datetime import date

from flowguard.models.ops import INGEST_RANGES, QUARANTINE
from flowguard.rounds import gold
from flowguard.rounds.changes import Changes, mark_dirty
from flowguard.settings import Settings
from flowguard.silver.tables import SILVER
from flowguard.warehouse import Session, Warehouse

_ARRIVED = """
SELECT DISTINCT arrival_date FROM ops.ingest_ranges WHERE committed_at >= CAST('{day}' AS TIMESTAMP)
"""
# Days of events, of the orders that refunds name, and of the clicks before orders.
_HAPPENED = """
WITH happened AS (
    SELECT CAST(event_timestamp AS DATE) AS day FROM bronze.orders_raw WHERE {arrived} UNION
    SELECT CAST(event_timestamp AS DATE) FROM bronze.clicks_raw WHERE {arrived}
)
SELECT day FROM happened UNION
SELECT order_date FROM silver.orders_cleaned WHERE CAST(refunded_at AS DATE) IN (SELECT day FROM happened) UNION
SELECT CAST(click_timestamp AS DATE) FROM silver.attributed_orders
WHERE order_date IN (SELECT day FROM happened) AND click_timestamp IS NOT NULL
"""
_BY_ARRIVAL = ("bronze.orders_raw", "bronze.clicks_raw", QUARANTINE.full_name, INGEST_RANGES.full_name)
_BY_EVENT = tuple(model.full_name for model in SILVER)


def reconcile(warehouse: Warehouse, settings: Settings, day: date) -> Changes:
    """Refresh GOLD's day, each day that something concerned which was ingested since it began, and all dirty days.

    Which days these are is asked of Bronze and not of the marks, so a mark that was never made is made up for. They
    are marked first: if the refresh does not come to its end, the next one does its work.
    """
    with warehouse.session() as session:
        with session.snapshot():
            arrived = {day, *session.query(_ARRIVED.format(day=day)).to_series()}
            happened = {day, *_happened(session, arrived)}
        with session.transaction():
            mark_dirty(session, [(table, arrival) for table in _BY_ARRIVAL for arrival in sorted(arrived)])
            mark_dirty(session, [(table, of_event) for table in _BY_EVENT for of_event in sorted(happened)])
    return gold.refresh(warehouse, settings)


def _happened(session: Session, arrived: set[date]) -> set[date]:
    listed = ", ".join(f"CAST('{arrival}' AS DATE)" for arrival in sorted(arrived))
    return set(session.query(_HAPPENED.format(arrived=f"_rule IS NULL AND _arrival_date IN ({listed})")).to_series())
