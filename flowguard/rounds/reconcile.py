"""Reconciling a day: GOLD is computed again for whatever came in on it, whether or not it is known to be dirty."""

from datetime import date

from flowguard.gold.tables import FLOW_LEDGER
from flowguard.rounds import gold
from flowguard.rounds.arrivals import happened_on
from flowguard.rounds.changes import Changes, mark_dirty
from flowguard.rounds.holds import evaluate_again
from flowguard.settings import Settings
from flowguard.silver.tables import SILVER
from flowguard.warehouse import Warehouse

_ARRIVED = """
SELECT DISTINCT arrival_date FROM ops.ingest_ranges WHERE committed_at >= CAST('{day}' AS TIMESTAMP)
"""
_BY_EVENT = tuple(model.full_name for model in SILVER)


def reconcile(warehouse: Warehouse, settings: Settings, day: date, run_id: str) -> Changes:
    """Refresh GOLD's day, each day that something concerned which was ingested since it began, and all dirty days.

    Which days these are is asked of Bronze and not of the marks, so a mark that was never made is made up for. They
    are marked first: if the refresh does not come to its end, the next one does its work.
    """
    with warehouse.session() as session:
        with session.snapshot():
            arrived = {day, *session.query(_ARRIVED.format(day=day)).to_series()}
            happened = {day, *happened_on(session, arrived)}
        with session.transaction():
            mark_dirty(session, [(table, arrival) for table in FLOW_LEDGER.reads for arrival in sorted(arrived)])
            mark_dirty(session, [(table, of_event) for table in _BY_EVENT for of_event in sorted(happened)])
    evaluate_again(warehouse, happened, run_id)
    return gold.refresh(warehouse, settings)
