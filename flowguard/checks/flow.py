"""Whether every offset of Kafka is accounted for, from its range over Bronze and quarantine to the ledger."""

from flowguard.bronze.tables import CLICKS_RAW, ORDERS_RAW
from flowguard.checks.check import DAYS, Check, days_of
from flowguard.models.table import Table

# A range is compared with the one before it, which may be of an earlier day.
_EARLIER_DAYS = 7
PLACE = ("_topic", "_generation", "_partition", "_offset")
_PLACE = ", ".join(PLACE)


def same_place(a: str, b: str) -> str:
    """The condition that two rows are of one Kafka record, by its coordinates and day of arrival."""
    return " AND ".join(f"{a}.{column} = {b}.{column}" for column in (*PLACE, "_arrival_date"))


EXACTLY_ONCE = Check(
    "ops.ingest_ranges",
    "exactly_once",
    "Per topic, generation and partition each range begins where the one before it ended: no gap, no overlap",
    f"""
SELECT arrival_date, topic, generation, partition, previous_end, start_offset, end_offset, run_id, committed_at
FROM (
    SELECT
        topic, generation, partition, start_offset, end_offset, arrival_date, run_id, committed_at,
        LAG(end_offset) OVER (
            PARTITION BY topic, generation, partition ORDER BY start_offset, end_offset
        ) AS previous_end
    FROM ops.ingest_ranges
    WHERE {days_of("arrival_date", _EARLIER_DAYS)}
) AS ranges
WHERE {DAYS} AND previous_end <> start_offset
""",
    "arrival_date",
)
RECORDS_COMPLETE = Check(
    "ops.ingest_ranges",
    "records_complete",
    "The records of a day's ranges are all there, each once: in Bronze, or in quarantine where they cannot be read",
    f"""
WITH told AS (
    SELECT
        arrival_date, topic, generation, partition, SUM(bronze_rows + quarantined) AS records,
        MIN(start_offset) AS first_offset, MAX(end_offset) AS end_offset
    FROM ops.ingest_ranges
    WHERE {DAYS} AND kind = 'records'
    GROUP BY arrival_date, topic, generation, partition
),
stored AS (
    SELECT _arrival_date, {_PLACE} FROM bronze.orders_raw WHERE {days_of("_arrival_date")}
    UNION ALL
    SELECT _arrival_date, {_PLACE} FROM bronze.clicks_raw WHERE {days_of("_arrival_date")}
    UNION ALL
    SELECT _arrival_date, {_PLACE} FROM ops.quarantine
    WHERE {days_of("_arrival_date")} AND stage <> 'silver' AND status <> 'redriven'
),
found AS (
    SELECT
        _arrival_date, _topic, _generation, _partition, COUNT(*) AS records, COUNT(DISTINCT _offset) AS offsets,
        MIN(_offset) AS first_offset, MAX(_offset) AS last_offset
    FROM stored
    GROUP BY _arrival_date, _topic, _generation, _partition
)
SELECT
    COALESCE(told.arrival_date, found._arrival_date) AS arrival_date,
    COALESCE(told.topic, found._topic) AS topic,
    COALESCE(told.generation, found._generation) AS generation,
    COALESCE(told.partition, found._partition) AS partition,
    told.records AS records_ingested, found.records AS records_found, found.offsets AS offsets_found,
    told.first_offset, told.end_offset, found.first_offset AS first_offset_found, found.last_offset AS last_offset_found
FROM told
FULL OUTER JOIN found
    ON found._arrival_date = told.arrival_date AND found._topic = told.topic
    AND found._generation = told.generation AND found._partition = told.partition
WHERE
    COALESCE(told.records, 0) <> COALESCE(found.records, 0) OR found.records <> found.offsets
    OR found.first_offset < told.first_offset OR found.last_offset >= told.end_offset
""",
    "arrival_date",
)
_RAW = " UNION ALL ".join(
    f"SELECT _arrival_date, {_PLACE}, _rule FROM {table.full_name} WHERE {days_of('_arrival_date')}"
    for table in (ORDERS_RAW, CLICKS_RAW)
)
AGREES_WITH_BRONZE = Check(
    "ops.quarantine",
    "agrees_with_bronze",
    "What a business rule refused is in Bronze too, with that rule; what was redriven is in Bronze and passed; what "
    "cannot be read is not in Bronze",
    f"""
SELECT entry._arrival_date, {", ".join(f"entry.{column}" for column in PLACE)}, entry.stage, entry.status, entry.rule,
    raw._offset IS NOT NULL AS in_bronze, raw._rule AS rule_in_bronze
FROM (SELECT * FROM ops.quarantine WHERE {DAYS}) AS entry
LEFT JOIN ({_RAW}) AS raw ON {same_place("raw", "entry")}
WHERE
    CASE
        WHEN entry.status = 'redriven' THEN raw._offset IS NULL OR raw._rule IS NOT NULL
        WHEN entry.stage = 'silver' THEN raw._rule IS DISTINCT FROM entry.rule
        ELSE raw._offset IS NOT NULL
    END
""",
    "_arrival_date",
)


def _refused_is_quarantined(table: Table) -> Check:
    return Check(
        table.full_name,
        "refused_is_quarantined",
        "A row that breaks a business rule is in quarantine, for that rule",
        f"""
SELECT raw._arrival_date, {", ".join(f"raw.{column}" for column in PLACE)}, raw.event_id, raw._rule
FROM (SELECT * FROM {table.full_name} WHERE {DAYS} AND _rule IS NOT NULL) AS raw
LEFT JOIN (
    SELECT _arrival_date, {_PLACE}, rule FROM ops.quarantine
    WHERE {days_of("_arrival_date")} AND stage = 'silver' AND status <> 'redriven'
) AS entry
    ON {same_place("entry", "raw")} AND entry.rule = raw._rule
WHERE entry._offset IS NULL
""",
        "_arrival_date",
    )


LEDGER_BALANCED = Check(
    "gold.flow_ledger",
    "balanced",
    "offsets = bronze_rows + quarantined + skipped + lost, and bronze_rows = silver_rows + duplicates + rejected",
    f"SELECT * FROM gold.flow_ledger WHERE {DAYS} AND NOT balanced",
    "arrival_date",
)
FLOW = (
    EXACTLY_ONCE,
    RECORDS_COMPLETE,
    AGREES_WITH_BRONZE,
    _refused_is_quarantined(ORDERS_RAW),
    _refused_is_quarantined(CLICKS_RAW),
    LEDGER_BALANCED,
)
