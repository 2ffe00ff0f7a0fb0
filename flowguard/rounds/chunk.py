"""A chunk: the records of some offset ranges, decoded and staged, ready to be committed in one transaction."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl

from flowguard.bronze.decode import Decoded, Records, decode_clicks, decode_orders, decode_rejected
from flowguard.bronze.tables import CLICKS_RAW, ORDERS_RAW
from flowguard.events.rules import Limits
from flowguard.faults import crash_point
from flowguard.kafka.fingerprint import digest
from flowguard.kafka.ranges import OffsetRange, Position
from flowguard.kafka.reader import Block
from flowguard.models.frame import frame
from flowguard.models.ops import INGEST_RANGES, QUARANTINE
from flowguard.settings import Settings
from flowguard.warehouse import Staged, Warehouse

_FRESH_ORDERS = ("event_id", "event_type", "order_id", "event_timestamp", "_arrival_date")
_FRESH_CLICKS = ("event_id", "event_timestamp", "_arrival_date")


@dataclass(frozen=True)
class Chunk:
    """``orders`` and ``clicks`` are the identities of new rows that passed the rules; ``records`` has a row per range
    with the columns of ``ops.ingest_ranges``; ``positions`` is where ingestion stands after it."""

    ranges: tuple[OffsetRange, ...]
    staged: tuple[Staged, ...]
    records: pl.DataFrame
    orders: pl.DataFrame
    clicks: pl.DataFrame
    positions: tuple[Position, ...]


def limits_of(settings: Settings) -> Limits:
    """What the business rules compare with."""
    return Limits(settings.start, settings.currency, settings.future_tolerance)


def prepare(
    ranges: Sequence[OffsetRange], blocks: Iterable[Block], warehouse: Warehouse, settings: Settings, run_id: str
) -> Chunk:
    """Decode the blocks of the ranges and stage their rows."""
    by_range: dict[OffsetRange, list[Block]] = defaultdict(list)
    for block in blocks:
        by_range[block.range].append(block)
    ordered = [(planned, by_range[planned]) for planned in ranges]
    limits = limits_of(settings)
    orders = decode_orders(_records(ordered, settings.orders_topic), limits)
    clicks = decode_clicks(_records(ordered, settings.clicks_topic), limits)
    rejected = decode_rejected(_records(ordered, settings.rejected_topic), limits)
    crash_point("round.read")
    marks = ingestion_marks(run_id)
    quarantine = pl.concat([orders.quarantine, clicks.quarantine, rejected.quarantine])
    staged = [
        warehouse.stage(ORDERS_RAW, orders.rows.with_columns(**marks)),
        warehouse.stage(CLICKS_RAW, clicks.rows.with_columns(**marks)),
        warehouse.stage(QUARANTINE, quarantine.with_columns(**marks)),
    ]
    return Chunk(
        tuple(ranges),
        tuple(staged),
        _range_rows(ordered, orders, clicks, quarantine, run_id),
        passed_orders(orders.rows),
        passed_clicks(clicks.rows),
        tuple(_after(planned, blocks) for planned, blocks in ordered),
    )


def passed_orders(rows: pl.DataFrame) -> pl.DataFrame:
    """The identities of order events that passed the rules, by which SILVER follows."""
    return _passed(rows, _FRESH_ORDERS)


def passed_clicks(rows: pl.DataFrame) -> pl.DataFrame:
    """The identities of impressions and clicks that passed the rules, by which SILVER follows."""
    return _passed(rows, _FRESH_CLICKS)


def ingestion_marks(run_id: str) -> dict[str, pl.Expr]:
    """The columns that say when and by which run rows were written."""
    return {"_ingested_at": pl.lit(now(), pl.Datetime("us")), "_run_id": pl.lit(run_id)}


def now() -> datetime:
    """Naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


_Ordered = Sequence[tuple[OffsetRange, Sequence[Block]]]


def _records(ordered: _Ordered, topic: str) -> list[Records]:
    return [
        Records(
            planned.topic,
            planned.generation,
            planned.partition,
            planned.arrival_date,
            block.values,
            block.offsets,
            block.arrived_ms,
        )
        for planned, blocks in ordered
        if planned.topic == topic
        for block in blocks
    ]


def _passed(rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    return rows.filter(pl.col("_rule").is_null()).select(columns)


def _after(planned: OffsetRange, blocks: Sequence[Block]) -> Position:
    """Where the partition stands after a range; markers at its end leave no record to compare with later."""
    last = blocks[-1] if blocks else None
    arrived = datetime.fromtimestamp(last.arrived_ms[-1] / 1000, UTC).replace(tzinfo=None) if last else None
    known = digest(last.values[-1]) if last and last.offsets[-1] == planned.end - 1 else None
    return Position(
        planned.topic, planned.partition, planned.generation, planned.end, arrived or planned.last_arrived_at, known
    )


def _range_rows(
    ordered: _Ordered, orders: Decoded, clicks: Decoded, quarantine: pl.DataFrame, run_id: str
) -> pl.DataFrame:
    bronze = _counts(orders.rows) | _counts(clicks.rows)
    refused = _counts(quarantine.filter(pl.col("stage") != "silver"))
    rows = []
    for planned, blocks in ordered:
        place, after = (planned.topic, planned.partition, planned.arrival_date), _after(planned, blocks)
        skipped = planned.end - planned.start - sum(len(block.values) for block in blocks)
        rows.append(
            (
                *(planned.topic, planned.generation, planned.partition, planned.start, planned.end),
                *("records", planned.arrival_date, bronze.get(place, 0), refused.get(place, 0), skipped),
                *(after.last_arrived_at, after.last_digest, None, run_id, now()),
            )
        )
    return frame(INGEST_RANGES, rows)


def _counts(rows: pl.DataFrame) -> dict[tuple[str, int, date], int]:
    counted = rows.group_by("_topic", "_partition", "_arrival_date").len()
    return {(topic, partition, day): count for topic, partition, day, count in counted.iter_rows()}
