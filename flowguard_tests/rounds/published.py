"""Reading the published stream as a consumer of committed records would."""

import json
from contextlib import closing
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from flowguard.kafka import config
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse

Row = dict[str, Any]


def published(settings: Settings) -> list[Row]:
    """Every committed record of the topic, by order and revision."""
    options = config.consumer(settings) | {"group.id": "reader", "auto.offset.reset": "earliest"}
    with closing(Consumer(options)) as consumer:
        partitions = consumer.list_topics(settings.attributed_topic, 10).topics[settings.attributed_topic].partitions
        consumer.assign([TopicPartition(settings.attributed_topic, number, 0) for number in partitions])
        by_partition: dict[int, list[Row]] = {number: [] for number in partitions}
        ended = 0
        while ended < len(partitions):
            message = consumer.poll(10)
            assert message is not None, "the broker is silent"
            if message.error():
                ended += 1
            else:
                by_partition[message.partition()].append(json.loads(message.value()))
    # Revisions of an order are in one partition: sorting is stable, so one that comes too late still does.
    return sorted((row for rows in by_partition.values() for row in rows), key=lambda row: str(row.get("order_id")))


def assert_published_once(settings: Settings, warehouse: Warehouse) -> None:
    """Nothing twice, revisions rise, and the highest of each order and model is what the table says."""
    latest: dict[tuple[str, str], Row] = {}
    for row in published(settings):
        before = latest.get((row["order_id"], row["model"]))
        assert before is None or row["revision"] > before["revision"], row
        latest[row["order_id"], row["model"]] = row
    expected = warehouse.query("SELECT * FROM silver.attributed_orders WHERE model = 'last_click'")
    alive = {key: row for key, row in latest.items() if row["credit"] != "0.000000"}
    assert alive == {(row["order_id"], row["model"]): _as_record(row) for row in expected.to_dicts()}


def _as_record(row: Row) -> Row:
    record = {name: value for name, value in row.items() if name != "order_date"}
    for name in ("order_timestamp", "click_timestamp"):
        record[name] = row[name] and row[name].isoformat(timespec="microseconds") + "Z"
    return record | {"price": str(row["price"]), "credit": str(row["credit"])}
