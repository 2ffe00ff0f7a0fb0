"""The Bronze tables, and the columns that carry a record's place in Kafka."""

from flowguard.models.table import BYTES, COUNT, DAY, INSTANT, MONEY, SMALL, TEXT, Column, Table, required

COORDINATES = (
    required("_topic", TEXT, "Kafka topic"),
    required("_generation", SMALL, "1, and one more each time the topic was recreated"),
    required("_partition", SMALL, "Kafka partition"),
    required("_offset", COUNT, "Kafka offset"),
    required("_arrived_at", INSTANT, "Kafka's append time, UTC"),
    required("_arrival_date", DAY, "UTC day of arrival, the partition"),
)
INGESTION = (
    required("_ingested_at", INSTANT, "When the round was committed, UTC"),
    required("_run_id", TEXT, "Dagster run that ingested it"),
)
_IDENTITY = (
    required("event_id", TEXT, "Id of the event, repeated by a redelivery"),
    required("event_type", TEXT, "What happened"),
)
_WHO_AND_WHAT = (
    required("user_id", TEXT, "Who"),
    Column("session_id", TEXT, "Browser session, where known"),
    required("item_id", TEXT, "Dish"),
    required("item_name", TEXT, "Name of the dish; its id where none was sent"),
    required("category", TEXT, "Category of the dish; uncategorised where none was sent"),
)
_WHEN = (
    required("event_timestamp", INSTANT, "When it happened, UTC"),
    required("schema_version", SMALL, "Version of the event's contract"),
    Column("_rule", TEXT, "The business rule that it breaks; NULL: it passed"),
    required("_unknown_fields", SMALL, "How many fields the contract does not know"),
    required("payload", BYTES, "The original bytes"),
)

ORDERS_RAW = Table(
    "bronze",
    "orders_raw",
    "Each order event as it arrived, with its original bytes and its place in Kafka",
    (
        *_IDENTITY,
        required("order_id", TEXT, "Id of the order"),
        *_WHO_AND_WHAT,
        Column("price", MONEY, "Price of the one item; NULL where the sent price breaks the rule"),
        required("currency", TEXT, "ISO 4217"),
        *_WHEN,
        *COORDINATES,
        *INGESTION,
    ),
    keys=("_topic", "_generation", "_partition", "_offset"),
    day="_arrival_date",
)
CLICKS_RAW = Table(
    "bronze",
    "clicks_raw",
    "Each impression and click as it arrived, with its original bytes and its place in Kafka",
    (
        *_IDENTITY,
        *_WHO_AND_WHAT,
        Column("page", TEXT, "Page of the storefront"),
        Column("position", SMALL, "Place of the card on the page, from 0"),
        *_WHEN,
        *COORDINATES,
        *INGESTION,
    ),
    keys=("_topic", "_generation", "_partition", "_offset"),
    day="_arrival_date",
)
