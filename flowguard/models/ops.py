"""The tables of the accounting: quarantine, ingested ranges, what GOLD still has to refresh, and which checks fail."""

from flowguard.bronze.tables import COORDINATES, INGESTION
from flowguard.models.table import BYTES, COUNT, DAY, INSTANT, SMALL, TEXT, Column, Table, required

QUARANTINE = Table(
    "ops",
    "quarantine",
    "Each refused record with the rule that it breaks and its original bytes; nothing is ever dropped",
    (
        required("stage", TEXT, "bronze: breaks the contract; silver: breaks a business rule; gateway: refused there"),
        *COORDINATES,
        Column("payload", BYTES, "The original bytes; NULL where the record had none"),
        required("rule", TEXT, "Name of the rule"),
        Column("field", TEXT, "The field at fault, where there is one"),
        required("message", TEXT, "What is wrong"),
        required("status", TEXT, "open, redriven or discarded"),
        required("redrives", SMALL, "How often it was tried again"),
        Column("reason", TEXT, "Why a person discarded it"),
        Column("decided_at", INSTANT, "When a person discarded it, UTC"),
        *INGESTION,
    ),
    keys=("_topic", "_generation", "_partition", "_offset"),
    day="_arrival_date",
)
INGEST_RANGES = Table(
    "ops",
    "ingest_ranges",
    "The truth about progress: each range of offsets that was ingested, in one transaction with its rows",
    (
        required("topic", TEXT, "Kafka topic"),
        required("generation", SMALL, "1, and one more each time the topic was recreated"),
        required("partition", SMALL, "Kafka partition"),
        required("start_offset", COUNT, "First offset"),
        required("end_offset", COUNT, "Offset after the last"),
        required("kind", TEXT, "records, or accepted_gap: a person accepted the loss"),
        required("arrival_date", DAY, "UTC day on which its records arrived"),
        required("bronze_rows", COUNT, "Records that became Bronze rows"),
        required("quarantined", COUNT, "Records that became quarantine entries instead"),
        required("skipped", COUNT, "Offsets that carry no record: transaction markers, compaction"),
        Column("last_arrived_at", INSTANT, "Arrival of the record at end_offset - 1, UTC"),
        Column("last_digest", TEXT, "SHA-256 of the record at end_offset - 1"),
        Column("reason", TEXT, "Why a gap was accepted"),
        required("run_id", TEXT, "Dagster run"),
        required("committed_at", INSTANT, "When the round was committed, UTC"),
    ),
    keys=("topic", "generation", "partition", "start_offset"),
    day="arrival_date",
    partitioned=False,
)
GENERATIONS = Table(
    "ops",
    "generations",
    "Which topic, of which Kafka, the offsets of a generation belong to, and where each partition begins in it",
    (
        required("topic", TEXT, "Kafka topic"),
        required("generation", SMALL, "1, and one more each time the offsets began to mean other records"),
        required("partition", SMALL, "Kafka partition"),
        required("start_offset", COUNT, "First offset to ingest"),
        required("cluster_id", TEXT, "Id of the Kafka cluster"),
        Column("topic_id", TEXT, "Id of the topic; NULL where the broker has none"),
        required("reason", TEXT, "Why the generation began"),
        required("run_id", TEXT, "Dagster run, or the command of a person"),
        required("recorded_at", INSTANT, "When it was written down, UTC"),
    ),
    keys=("topic", "generation", "partition"),
)
DIRTY_DAYS = Table(
    "ops",
    "dirty_days",
    "What GOLD still has to refresh: each change of a source table's day",
    (
        required("table_name", TEXT, "Source table"),
        required("day", DAY, "Its day that changed"),
        required("version", COUNT, "Which change, ascending"),
    ),
    keys=("table_name", "day", "version"),
)
OUTBOX = Table(
    "ops",
    "outbox",
    "What was last told of each order and model, and in which order changes are published to Kafka",
    (
        required("order_id", TEXT, "Id of the order"),
        required("order_date", DAY, "UTC day of order_timestamp"),
        required("order_timestamp", INSTANT, "When it was ordered, UTC"),
        required("user_id", TEXT, "Who ordered"),
        required("model", TEXT, "Model of attribution"),
        required("revision", SMALL, "The last revision"),
        Column("digest", TEXT, "Digest of its content; NULL: the order is retracted, being a duplicate now"),
        required("sequence", COUNT, "Place among all changes, ascending: up to where is published, Kafka knows"),
    ),
    keys=("order_id", "order_timestamp", "model"),
    day="order_date",
    reads=("silver.attributed_orders",),
)
PUBLISHER = Table(
    "ops",
    "publisher",
    "By which producer this home's changes are published, and how far it is known to have come",
    (
        required("producer_id", TEXT, "Transactional id of the producer, and group of its progress in Kafka"),
        required("sequence", COUNT, "Every change up to it is published"),
        required("recorded_at", INSTANT, "When it was written down, UTC"),
    ),
    keys=("producer_id",),
)
CHECK_FAILURES = Table(
    "ops",
    "check_failures",
    "Checks that fail now, by day; a row leaves when a later evaluation of its day passes",
    (
        required("table_name", TEXT, "The table that is checked"),
        required("check_name", TEXT, "The check"),
        Column("day", DAY, "UTC day whose rows fail, in the table's own partitions; NULL: the table has no days"),
        required("severity", TEXT, "ERROR or WARN"),
        required("failing_rows", COUNT, "How many rows of the day fail"),
        required("description", TEXT, "What must hold"),
        required("examples", TEXT, "Up to 5 failing rows, a JSON array of objects"),
        required("sql", TEXT, "Finds all failing rows of the day"),
        required("since", INSTANT, "When the check was first seen to fail on the day, UTC"),
        required("evaluated_at", INSTANT, "When it was last evaluated on the day, UTC"),
        required("run_id", TEXT, "Dagster run that evaluated it last"),
        Column("overridden_at", INSTANT, "When a person decided that GOLD may follow nevertheless, UTC"),
        Column("overridden_rows", COUNT, "How many rows failed then; more of them end the override"),
        Column("override_reason", TEXT, "Why"),
    ),
    keys=("table_name", "check_name", "day"),
)
