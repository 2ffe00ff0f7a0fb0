"""Decoding the stored bytes of Bronze days again, by today's rules."""

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl

from flowguard.bronze.decode import Decoded, decode_clicks, decode_orders
from flowguard.bronze.tables import CLICKS_RAW, ORDERS_RAW
from flowguard.faults import crash_point
from flowguard.models.ops import QUARANTINE
from flowguard.models.scope import Scope, ranges_of
from flowguard.rounds.changes import Changes, mark_dirty
from flowguard.rounds.chunk import ingestion_marks, limits_of
from flowguard.rounds.events import rebuild_events
from flowguard.rounds.stored import ARRIVED, PLACE, only_decoder, records_of, same_place
from flowguard.settings import Settings
from flowguard.warehouse import Session, Staged, Warehouse

_ARRIVALS = """
SELECT DISTINCT arrival_date FROM ops.ingest_ranges
WHERE arrival_date >= CAST('{first}' AS DATE) AND arrival_date <= CAST('{last}' AS DATE)
ORDER BY arrival_date
"""
_STORED = ", ".join((*PLACE, *ARRIVED, "payload"))
# What a person discarded stays as it is: with it its Bronze row, if it has one.
_BYTES = f"""
SELECT {_STORED}
FROM {{raw}} AS raw
WHERE {{of_day}} AND NOT EXISTS (
    SELECT 1 FROM ops.quarantine AS entry
    WHERE {same_place("entry", "raw")} AND entry.{{of_day}} AND entry.status = 'discarded'
)
UNION ALL
SELECT {_STORED}
FROM ops.quarantine
WHERE {{of_day}} AND _topic = '{{topic}}' AND stage = 'bronze' AND status = 'open'
"""
_TRIED = f"SELECT {', '.join(PLACE)}, redrives AS tried FROM ops.quarantine WHERE {{of_day}} AND _topic = '{{topic}}'"
_DELETE_OPEN = f"""
DELETE FROM ops.quarantine AS old USING replaced
WHERE {same_place("old", "replaced")} AND old.{{of_day}} AND old.status = 'open'
"""
_DELETE_REFUSED_AGAIN = f"""
DELETE FROM ops.quarantine AS old USING (SELECT * FROM ops.quarantine WHERE {{of_day}} AND status = 'open') AS refused
WHERE {same_place("old", "refused")} AND old.{{of_day}} AND old.status = 'redriven'
"""


def arrival_days(session: Session, first: date, last: date) -> list[date]:
    """The days from first to last on which something arrived."""
    return session.query(_ARRIVALS.format(first=first, last=last)).to_series().to_list()


def redecode_day(
    warehouse: Warehouse, session: Session, settings: Settings, raw: str, day: date, run_id: str
) -> Changes:
    """Replace an arrival day of a raw table and its quarantine, and rebuild the event days of old and new content.

    What arrives meanwhile stays: exactly the offsets that were read are replaced. So does what a person discarded.
    """
    with only_decoder(settings):
        return _redecode(warehouse, session, settings, raw, day, run_id)


def _redecode(warehouse: Warehouse, session: Session, settings: Settings, raw: str, day: date, run_id: str) -> Changes:
    topic = settings.orders_topic if raw == ORDERS_RAW.full_name else settings.clicks_topic
    of_day = f"_arrival_date = CAST('{day}' AS DATE)"
    with session.snapshot():
        session.keep("stored", _BYTES.format(raw=raw, topic=topic, of_day=of_day))
        session.keep("replaced", f"SELECT {', '.join(PLACE)} FROM stored")
        session.keep("attempts", _TRIED.format(topic=topic, of_day=of_day))
        staged = [
            part for decoded in _decoded(session, settings, raw) for part in _stage(warehouse, session, decoded, run_id)
        ]
    crash_point("backfill.staged")
    if not staged:
        return {(raw, day): 0}
    with session.transaction():
        old = _events_of(session, raw, of_day)
        session.execute(
            f"DELETE FROM {raw} AS old USING replaced WHERE {same_place('old', 'replaced')} AND old.{of_day}"
        )
        session.execute(_DELETE_OPEN.format(of_day=of_day))
        crash_point("backfill.deleted")
        for part in staged:
            session.append(part)
        session.execute(_DELETE_REFUSED_AGAIN.format(of_day=of_day))
        crash_point("backfill.appended")
        events = pl.concat([old, _events_of(session, raw, of_day)])
        scopes = _event_days(events, raw, settings.duplicate_window)
        changes = rebuild_events(session, settings, [raw], scopes) if scopes else {}
        changes |= {(raw, day): sum(part.rows for part in staged if part.table is not QUARANTINE)}
        changes |= {(QUARANTINE.full_name, day): sum(part.rows for part in staged if part.table is QUARANTINE)}
        mark_dirty(session, changes)
        crash_point("backfill.dirty")
    crash_point("backfill.committed")
    return changes


def _decoded(session: Session, settings: Settings, raw: str) -> Iterator[Decoded]:
    """The stored records again, a chunk at a time, so that memory stays flat."""
    decode = decode_orders if raw == ORDERS_RAW.full_name else decode_clicks
    limits, size = limits_of(settings), settings.chunk_records
    total = session.query("SELECT COUNT(*) FROM stored").item()
    for start in range(0, total, size):
        page = session.query(
            f"SELECT * FROM stored ORDER BY {', '.join(PLACE)}, _arrived_at LIMIT {size} OFFSET {start}"
        )
        yield decode(records_of(page), limits)


def _stage(warehouse: Warehouse, session: Session, decoded: Decoded, run_id: str) -> list[Staged]:
    """How often an entry was tried outlives it, also when the record was redriven and is refused again."""
    marks = ingestion_marks(run_id)
    quarantine = (
        decoded.quarantine.join(session.query("SELECT * FROM attempts"), on=PLACE, how="left")
        .with_columns(redrives=pl.coalesce("tried", "redrives").cast(pl.Int32), **marks)
        .drop("tried")
    )
    table = ORDERS_RAW if decoded.table is ORDERS_RAW else CLICKS_RAW
    return [warehouse.stage(table, decoded.rows.with_columns(**marks)), warehouse.stage(QUARANTINE, quarantine)]


def _events_of(session: Session, raw: str, of_day: str) -> pl.DataFrame:
    return session.query(
        f"SELECT DISTINCT CAST(event_timestamp AS DATE) AS day FROM {raw} WHERE _rule IS NULL AND {of_day}"
    )


def _event_days(events: pl.DataFrame, raw: str, duplicate_window: timedelta) -> list[Scope]:
    """Days of the events, and of the twins that an order of them may have had."""
    around = -(-duplicate_window // timedelta(days=1)) if raw == ORDERS_RAW.full_name else 0
    return ranges_of(
        day + timedelta(days=shift) for day in events["day"].unique() for shift in range(-around, around + 1)
    )
