"""Proving the ledger: every offset that Kafka has, or had, against every row in the tables, counted independently."""

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from flowguard.errors import WarehouseBusy
from flowguard.gold.tables import FLOW_LEDGER
from flowguard.kafka.broker import Broker
from flowguard.kafka.inspection import inspect
from flowguard.kafka.ranges import Position, TopicPartition, Watermarks
from flowguard.models.scope import days
from flowguard.rounds.progress import positions
from flowguard.warehouse import Session, Warehouse

_ATTEMPTS = 5
PARTITION = ("topic", "generation", "partition")

_RANGES = """
SELECT
    topic, generation, partition,
    MIN(start_offset) AS first_offset,
    MAX(end_offset) AS end_offset,
    CAST(SUM(end_offset - start_offset) AS BIGINT) AS offsets,
    CAST(SUM(CASE WHEN kind = 'records' THEN skipped ELSE 0 END) AS BIGINT) AS skipped,
    CAST(SUM(CASE WHEN kind = 'accepted_gap' THEN end_offset - start_offset ELSE 0 END) AS BIGINT) AS lost,
    CAST(SUM(CASE WHEN previous_end <> start_offset THEN 1 ELSE 0 END) AS BIGINT) AS breaks
FROM (
    SELECT *, LAG(end_offset) OVER (
        PARTITION BY topic, generation, partition ORDER BY start_offset, end_offset
    ) AS previous_end
    FROM ops.ingest_ranges
) AS ranges
GROUP BY topic, generation, partition
"""
_RECORDS = """
SELECT
    _topic AS topic, _generation AS generation, _partition AS partition,
    CAST(SUM(bronze) AS BIGINT) AS bronze_rows,
    CAST(SUM(1 - bronze) AS BIGINT) AS quarantined,
    COUNT(*) - COUNT(DISTINCT _offset) AS doubled,
    MIN(_offset) AS first_record,
    MAX(_offset) AS last_record
FROM (
    SELECT _topic, _generation, _partition, _offset, 1 AS bronze FROM bronze.orders_raw
    UNION ALL
    SELECT _topic, _generation, _partition, _offset, 1 FROM bronze.clicks_raw
    UNION ALL
    SELECT _topic, _generation, _partition, _offset, 0 FROM ops.quarantine
    WHERE stage IN ('bronze', 'gateway') AND status <> 'redriven'
) AS records
GROUP BY _topic, _generation, _partition
"""
_STARTS = "SELECT topic, generation, partition, start_offset FROM ops.generations"
_LEDGER_DAYS = """
SELECT MIN(arrival_date), MAX(arrival_date) FROM (
    SELECT arrival_date FROM ops.ingest_ranges UNION ALL SELECT arrival_date FROM gold.flow_ledger
) AS days
"""
_PENDING = "SELECT DISTINCT day AS arrival_date FROM ops.dirty_days"


class Verified(NamedTuple):
    """``partitions`` has a row per topic, generation and partition; ``ledger`` the days whose row in GOLD is not what
    the tables give now. Both say in column ``problem`` what is wrong; NULL: nothing."""

    partitions: pl.DataFrame
    ledger: pl.DataFrame

    @property
    def good(self) -> bool:
        return all(frame["problem"].is_null().all() for frame in self)


def verify(warehouse: Warehouse, broker: Broker) -> Verified:
    """Count everything again.

    Raises:
        TopicMissing: a topic does not exist.
        BrokerUnavailable: Kafka did not answer.
    """
    counted, reached, ledger = _patiently(warehouse)
    gaps = {(gap.topic, gap.partition): gap.text for gap in inspect(broker, reached)}
    held = broker.watermarks()
    newest = {position.topic: position.generation for position in reached}
    rows = [
        _with_kafka(row, newest, held, gaps.get((row["topic"], row["partition"])) or gaps.get((row["topic"], None)))
        for row in counted.iter_rows(named=True)
    ]
    return Verified(pl.DataFrame(rows, schema=_SCHEMA, orient="row"), ledger)


def _patiently(warehouse: Warehouse) -> tuple[pl.DataFrame, list[Position], pl.DataFrame]:
    """All that the tables say, of one snapshot; read again where maintenance took its files away meanwhile."""
    for attempt in range(_ATTEMPTS):
        try:
            with warehouse.session() as session, session.snapshot():
                return _counted(session), positions(session), _ledger(warehouse, session)
        except WarehouseBusy:
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("there is at least one attempt")


_SCHEMA = {
    "topic": pl.String,
    "generation": pl.Int32,
    "partition": pl.Int32,
    "in_kafka": pl.String,
    "ingested": pl.String,
    "waiting": pl.Int64,
    **dict.fromkeys(("offsets", "bronze_rows", "quarantined", "skipped", "lost", "doubled"), pl.Int64),
    "problem": pl.String,
}


def _counted(session: Session) -> pl.DataFrame:
    ranges, records = session.query(_RANGES), session.query(_RECORDS)
    numbers = ("offsets", "skipped", "lost", "breaks", "bronze_rows", "quarantined", "doubled")
    return (
        ranges.join(records, on=PARTITION, how="full", coalesce=True)
        .join(session.query(_STARTS), on=PARTITION, how="left")
        .with_columns(pl.col(numbers).fill_null(0))
        .sort(PARTITION)
    )


def _with_kafka(
    row: dict[str, object],
    newest: Mapping[str, int],
    held: Mapping[TopicPartition, Watermarks],
    gap: str | None,
) -> tuple[object, ...]:
    """What was counted of a partition, beside what Kafka holds of it."""
    topic, generation, partition = (row[name] for name in PARTITION)
    marks = held.get(TopicPartition(str(topic), int(str(partition)))) if newest.get(str(topic)) == generation else None
    end = row["end_offset"]
    waiting = None if marks is None or end is None else marks.high - int(str(end))
    return (
        *(topic, generation, partition),
        f"{marks.low} to {marks.high}" if marks else "",
        f"{row['first_offset']} to {end}",
        waiting,
        *(row[name] for name in ("offsets", "bronze_rows", "quarantined", "skipped", "lost", "doubled")),
        _problem(row) or (gap if marks else None),
    )


def _problem(row: dict[str, object]) -> str | None:
    number = {name: int(str(value)) for name, value in row.items() if isinstance(value, int)}
    if row["end_offset"] is None:
        return "records without a range"
    if number.get("start_offset", number["first_offset"]) != number["first_offset"]:
        return f"begins at offset {number['first_offset']} instead of {number['start_offset']}"
    if number["breaks"]:
        return f"{number['breaks']} gaps or overlaps between ranges"
    if number["doubled"]:
        return f"{number['doubled']} offsets are there twice"
    accounted = number["bronze_rows"] + number["quarantined"] + number["skipped"] + number["lost"]
    if accounted != number["offsets"]:
        return f"{number['offsets'] - accounted} of {number['offsets']} offsets are not accounted for"
    if "last_record" in number and not (
        number["first_offset"] <= number["first_record"] <= number["last_record"] < number["end_offset"]
    ):
        return "records outside of the ranges"
    return None


def _ledger(warehouse: Warehouse, session: Session) -> pl.DataFrame:
    """The days of GOLD's ledger that are not what the tables give; a day that GOLD has still to refresh is none."""
    first, last = session.query(_LEDGER_DAYS).row(0)
    shape = session.query(f"SELECT * FROM {FLOW_LEDGER.full_name}")
    if first is None:
        return shape.with_columns(problem=pl.lit(None, pl.String))
    now = session.query(warehouse.model_sql(FLOW_LEDGER, days(first, last))).select(shape.columns)
    pending = session.query(_PENDING)
    stored = shape.join(pending, on="arrival_date", how="anti")
    wanted = now.join(pending, on="arrival_date", how="anti")
    only_stored = stored.join(wanted, on=shape.columns, how="anti")
    only_wanted = wanted.join(stored, on=shape.columns, how="anti")
    return pl.concat(
        [
            only_stored.with_columns(problem=pl.lit("in GOLD, not in the tables")),
            only_wanted.with_columns(problem=pl.lit("in the tables, not in GOLD")),
            now.filter(~pl.col("balanced")).with_columns(problem=pl.lit("does not balance")),
        ]
    )
