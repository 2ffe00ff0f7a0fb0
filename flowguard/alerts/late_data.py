"""Data that is late: records that wait in Kafka, and topics that are silent although records are expected."""

from collections.abc import Iterator

from flowguard.alerts.condition import Condition
from flowguard.alerts.links import Links
from flowguard.kafka.broker import Broker
from flowguard.rounds.chunk import now
from flowguard.rounds.lateness import State, Verdict, look
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse

_TABLES = ("bronze.orders_raw", "bronze.clicks_raw", "ops.quarantine")
"""In the order of the topics."""


def late_data(settings: Settings, warehouse: Warehouse, broker: Broker, links: Links) -> Iterator[Condition]:
    """A condition if ingestion is late, which is one for all topics, and one if topics are silent.

    Raises:
        BrokerUnavailable: Kafka did not answer.
    """
    tables = dict(zip(settings.topics, _TABLES, strict=True))
    bad = [verdict for verdict in look(settings, warehouse, broker) if not verdict.passed]
    unread = [lag.oldest_unread for verdict in bad for lag in verdict.lags if lag.oldest_unread]
    if late := [verdict for verdict in bad if verdict.state is State.stopped]:
        yield Condition(
            key="stale",
            kind="stale",
            severity="error",
            title=f"records wait in Kafka: {_topics(late)}",
            text=_text(late),
            since=min(unread, default=now()),
            to_do="`flowguard status` shows the lag, `flowguard doctor` what keeps ingestion; look whether its sensor "
            "is switched on",
            table=tables[late[0].topic],
            links=(links.sensor("ingestion_sensor"), links.asset(tables[late[0].topic])),
            members=frozenset(verdict.topic for verdict in late),
            follows=frozenset({"run ingestion"}),
        )
    if silent := [verdict for verdict in bad if verdict.state is not State.stopped]:
        yield Condition(
            key="silence",
            kind="stale",
            severity="warning",
            title=f"nothing comes by Kafka: {_topics(silent)}",
            text=_text(silent),
            since=min(verdict.newest_arrived_at or now() for verdict in silent),
            to_do="look at whoever sends: the gateway's `/health/ready`, the producers",
            table=tables[silent[0].topic],
            links=(links.asset(tables[silent[0].topic]),),
            members=frozenset(verdict.topic for verdict in silent),
        )


def _topics(verdicts: list[Verdict]) -> str:
    return ", ".join(verdict.topic for verdict in verdicts)


def _text(verdicts: list[Verdict]) -> str:
    return "\n".join(f"{verdict.topic}: {verdict.text}" for verdict in verdicts)
