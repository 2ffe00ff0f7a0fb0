"""Data that waits for longer than the limit: records in Kafka."""

from collections.abc import Iterator

from flowguard.alerts.condition import Condition
from flowguard.alerts.links import Links
from flowguard.kafka.broker import Broker
from flowguard.rounds.chunk import now
from flowguard.rounds.lateness import waiting_for
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse


def late_data(settings: Settings, warehouse: Warehouse, broker: Broker, links: Links) -> Iterator[Condition]:
    """A condition if any topic is late: ingestion is one for all.

    Raises:
        BrokerUnavailable: Kafka did not answer.
    """
    waiting = waiting_for(settings, warehouse, broker)
    late = {topic: time for topic, time in waiting.items() if time > settings.freshness_limit}
    if late:
        tables = dict(zip(settings.topics, ("bronze.orders_raw", "bronze.clicks_raw", "ops.quarantine"), strict=True))
        yield Condition(
            key="stale",
            kind="stale",
            severity="error",
            title=f"records wait in Kafka: {', '.join(late)}",
            text="\n".join(
                f"{topic}: its oldest record that is not ingested has been waiting for {time.total_seconds():.0f} s"
                for topic, time in late.items()
            ),
            since=now() - max(late.values()),
            to_do="`flowguard status` shows the lag, `flowguard doctor` what keeps ingestion; look whether its sensor "
            "is switched on",
            table=tables[next(iter(late))],
            links=(links.sensor("ingestion_sensor"), links.asset(tables[next(iter(late))])),
            members=frozenset(late),
            follows=frozenset({"run ingestion"}),
        )
