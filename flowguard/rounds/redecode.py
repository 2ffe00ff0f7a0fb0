"""Decoding the stored bytes of Bronze days again, by today's rules."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import polars as pl

from flowguard.bronze.decode import Decoded, Records, decode_clicks, decode_orders
from flowguard.bronze.tables import CLICKS_RAW, ORDERS_RAW
from flowguard.models.ops import QUARANTINE
from flowguard.models.scope import Scope, ranges_of
from flowguard.rounds.changes import Changes, mark_dirty
from flowguard.rounds.chunk import ingestion_marks, limits_of
from flowguard.settings import Settings
from flowguard.warehouse import Session, Staged, Warehouse
from flowguard.warehouse.lock import file_lock

_LOCK_TIMEOUT_SECONDS = 600.0
_ARRIVALS = """
SELECT DISTINCT arrival_date FROM ops.ingest_ranges
WHERE arrival_date >= CAST('{first}' AS DATE) AND arrival_date <= CAST('{last}' AS DATE)
ORDER BY arrival_date
"""
_BYTES = """
SELECT _topic, _generation, _partition, _offset, _arrived_at, _arrival_date, payload
FROM {raw}
WHERE {of_day}
UNION ALL
SELECT _topic, _generation, _partition, _offset, _arrived_at, _arrival_date, payload
FROM ops.quarantine
WHERE {of_day} AND _topic = '{topic}' AND stage = 'bronze' AND status <> 'redriven'
"""
_PLACE = ("_topic", "_generation", "_partition")

RebuildEvents = Callable[[Session, Settings, str, list[Scope], pl.DataFrame], Changes]


def redecode(
    warehouse: Warehouse,
    session: Session,
    settings: Settings,
    raw: str,
    first: date,
    last: date,
    run_id: str,
    rebuild_events: RebuildEvents,
) -> Changes:
    """Replace arrival days of a raw table and its quarantine, and rebuild the event days of old and new content.

    What arrives meanwhile stays: exactly the offsets that were read are replaced.
    """
    changes: Changes = {}
    with file_lock(settings.home / "warehouse" / "bronze.lock", _LOCK_TIMEOUT_SECONDS):
        for day in session.query(_ARRIVALS.format(first=first, last=last)).to_series():
            changes |= _redecode_day(warehouse, session, settings, raw, day, run_id, rebuild_events)
    return changes


def _redecode_day(
    warehouse: Warehouse,
    session: Session,
    settings: Settings,
    raw: str,
    day: date,
    run_id: str,
    rebuild_events: RebuildEvents,
) -> Changes:
    topic = settings.orders_topic if raw == ORDERS_RAW.full_name else settings.clicks_topic
    of_day = f"_arrival_date = CAST('{day}' AS DATE)"
    with session.snapshot():
        session.keep("stored", _BYTES.format(raw=raw, topic=topic, of_day=of_day))
        session.keep("replaced", "SELECT _topic, _generation, _partition, _offset FROM stored")
        session.keep("decided", _decisions(of_day, topic))
        staged = [
            part for decoded in _decoded(session, settings, raw) for part in _stage(warehouse, session, decoded, run_id)
        ]
    if not staged:
        return {(raw, day): 0}
    with session.transaction():
        old = _events_of(session, raw, of_day)
        session.execute(f"DELETE FROM {raw} AS old USING replaced {_same_place('old', 'replaced')} AND old.{of_day}")
        session.execute(
            f"DELETE FROM ops.quarantine AS old USING replaced {_same_place('old', 'replaced')} "
            f"AND old.{of_day} AND old.status <> 'redriven'"
        )
        for part in staged:
            session.append(part)
        events = pl.concat([old, _events_of(session, raw, of_day)])
        scopes = _event_days(events, settings.duplicate_window)
        refunds = events.filter(pl.col("refund")) if "order_id" in events.columns else pl.DataFrame()
        changes = rebuild_events(session, settings, raw, scopes, refunds) if scopes else {}
        changes |= {(raw, day): sum(part.rows for part in staged if part.table is not QUARANTINE)}
        changes |= {(QUARANTINE.full_name, day): sum(part.rows for part in staged if part.table is QUARANTINE)}
        mark_dirty(session, changes)
    return changes


def _decisions(of_day: str, topic: str) -> str:
    """What people decided about entries, which outlives them."""
    return (
        "SELECT _topic, _generation, _partition, _offset, status AS decided, redrives AS tried FROM ops.quarantine "
        f"WHERE {of_day} AND _topic = '{topic}' AND status <> 'redriven'"
    )


def _decoded(session: Session, settings: Settings, raw: str) -> Iterator[Decoded]:
    """The stored records again, a chunk at a time, so that memory stays flat."""
    decode = decode_orders if raw == ORDERS_RAW.full_name else decode_clicks
    limits, size = limits_of(settings), settings.chunk_records
    total = session.query("SELECT COUNT(*) FROM stored").item()
    for start in range(0, total, size):
        page = session.query(
            "SELECT * FROM stored ORDER BY _topic, _generation, _partition, _offset, _arrived_at "
            f"LIMIT {size} OFFSET {start}"
        )
        yield decode(map(_records, page.partition_by(*_PLACE, "_arrival_date", maintain_order=True)), limits)


def _records(part: pl.DataFrame) -> Records:
    topic, generation, partition, _, _, arrival_date, _ = part.row(0)
    arrived = part["_arrived_at"].dt.timestamp("ms").to_list()
    return Records(
        topic, generation, partition, arrival_date, part["payload"].to_list(), part["_offset"].to_list(), arrived
    )


def _stage(warehouse: Warehouse, session: Session, decoded: Decoded, run_id: str) -> list[Staged]:
    marks = ingestion_marks(run_id)
    place = [*_PLACE, "_offset"]
    quarantine = (
        decoded.quarantine.join(session.query("SELECT * FROM decided"), on=place, how="left")
        .with_columns(
            status=pl.coalesce("decided", "status"), redrives=pl.coalesce("tried", "redrives").cast(pl.Int32), **marks
        )
        .drop("decided", "tried")
    )
    table = ORDERS_RAW if decoded.table is ORDERS_RAW else CLICKS_RAW
    return [warehouse.stage(table, decoded.rows.with_columns(**marks)), warehouse.stage(QUARANTINE, quarantine)]


def _same_place(a: str, b: str) -> str:
    return "WHERE " + " AND ".join(f"{a}.{column} = {b}.{column}" for column in (*_PLACE, "_offset"))


def _events_of(session: Session, raw: str, of_day: str) -> pl.DataFrame:
    order = "order_id, event_type = 'order_refunded' AS refund, " if raw == ORDERS_RAW.full_name else ""
    return session.query(
        f"SELECT DISTINCT {order}CAST(event_timestamp AS DATE) AS day FROM {raw} WHERE _rule IS NULL AND {of_day}"
    )


def _event_days(events: pl.DataFrame, duplicate_window: timedelta) -> list[Scope]:
    """Days of the events, and of the twins that an order of them may have had."""
    around = -(-duplicate_window // timedelta(days=1)) if "order_id" in events.columns else 0
    found = {day for day in events["day"].unique() if day is not None}
    return ranges_of(day + timedelta(days=shift) for day in found for shift in range(-around, around + 1))
