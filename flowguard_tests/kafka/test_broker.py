"""Questions to a real broker."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka import TopicPartition as KafkaPartition
from confluent_kafka.admin import AdminClient, NewTopic

from flowguard.errors import BrokerUnavailable, TopicMisconfigured
from flowguard.kafka.broker import Broker
from flowguard.kafka.ranges import TopicPartition
from flowguard.local.ports import free_port
from flowguard.settings import Settings
from flowguard_tests.conftest import Produce
from flowguard_tests.waiting import wait_until


@pytest.fixture
def broker(settings: Settings) -> Iterator[Broker]:
    broker = Broker(settings)
    yield broker
    broker.close()


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def test_topics_are_created_once_and_stamp_arrival(broker: Broker, settings: Settings) -> None:
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers})
    admin.delete_topics([settings.clicks_topic])[settings.clicks_topic].result()
    wait_until(lambda: settings.clicks_topic not in admin.list_topics(timeout=5).topics)
    assert broker.ensure_topics() == [settings.clicks_topic]
    assert broker.ensure_topics() == []
    broker.check_topics()
    assert len(broker.watermarks()) == 3 * settings.topic_partitions


def test_a_missing_topic_is_refused_with_the_command(settings: Settings) -> None:
    lacking = settings.model_copy(update={"orders_topic": "not-there"})
    broker = Broker(lacking)
    for question in (broker.check_topics, broker.watermarks):
        with pytest.raises(TopicMisconfigured, match=r"1 missing topics: not-there.*kafka-topics\.sh.*LogAppendTime"):
            question()
    broker.close()


def test_a_topic_with_create_time_is_refused_with_the_command(settings: Settings) -> None:
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers})
    topic = f"{settings.orders_topic}-created"
    admin.create_topics([NewTopic(topic, 1, config={"message.timestamp.type": "CreateTime"})])[topic].result()
    broker = Broker(settings.model_copy(update={"orders_topic": topic}))
    with pytest.raises(TopicMisconfigured, match=rf"{topic} has .*CreateTime.*kafka-configs\.sh .*LogAppendTime"):
        broker.check_topics()
    broker.close()


def test_watermarks_follow_what_is_produced(broker: Broker, settings: Settings, produce: Produce) -> None:
    tp = TopicPartition(settings.orders_topic, 1)
    assert broker.watermarks()[tp] == (0, 0)
    produce(settings.orders_topic, [b"a", b"b"], partition=1)
    assert broker.watermarks()[tp] == (0, 2)


def test_an_open_transaction_is_not_readable_yet(broker: Broker, settings: Settings) -> None:
    tp = TopicPartition(settings.orders_topic, 0)
    writer = Producer({"bootstrap.servers": settings.kafka_bootstrap_servers, "transactional.id": tp.topic})
    writer.init_transactions(10)
    writer.begin_transaction()
    writer.produce(tp.topic, b"a", partition=tp.partition)
    assert writer.flush(10) == 0
    assert broker.watermarks()[tp] == (0, 0)
    writer.commit_transaction(10)
    wait_until(lambda: broker.watermarks()[tp] == (0, 2))  # Apache Kafka confirms a moment before the marker is there


def test_arrival_is_found_by_time_and_by_offset(broker: Broker, settings: Settings, produce: Produce) -> None:
    tp = TopicPartition(settings.orders_topic, 0)
    before = now() - timedelta(milliseconds=1)
    produce(settings.orders_topic, [b"a", b"b"], partition=0)
    arrived_at = broker.arrived_at(tp, 1)
    assert arrived_at is not None
    assert before <= arrived_at <= now()
    assert broker.arrived_at(tp, 2) is None
    assert broker.first_since(tp, datetime(1970, 1, 1)) == broker.first_since(tp, before)
    assert broker.first_since(tp, before) == (0, broker.arrived_at(tp, 0))
    assert broker.first_since(tp, arrived_at + timedelta(microseconds=1)) is None


def test_a_plan_covers_what_is_there(broker: Broker, settings: Settings, produce: Produce) -> None:
    assert broker.plan([], limit=100) == []
    produce(settings.orders_topic, [b"a", b"b"], partition=0)
    produce(settings.clicks_topic, [b"c"], partition=2)
    planned = {(r.topic, r.partition): (r.generation, r.start, r.end) for r in broker.plan([], limit=100)}
    assert planned == {(settings.orders_topic, 0): (1, 0, 2), (settings.clicks_topic, 2): (1, 0, 1)}


def test_the_group_is_committed_for_lag_tools(broker: Broker, settings: Settings, produce: Produce) -> None:
    produce(settings.orders_topic, [b"a", b"b"], partition=0)
    broker.commit_group({TopicPartition(settings.orders_topic, 0): 2})
    group = {"bootstrap.servers": settings.kafka_bootstrap_servers, "group.id": settings.consumer_group}
    tool = Consumer(group)
    committed = tool.committed([KafkaPartition(settings.orders_topic, 0)], timeout=5)
    tool.close()
    assert committed[0].offset == 2


def test_an_absent_broker_is_named_and_a_lag_commit_only_logged(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("flowguard.kafka.config.REQUEST_TIMEOUT", 0.3)
    broker = Broker(settings.model_copy(update={"kafka_bootstrap_servers": f"127.0.0.1:{free_port()}"}))
    with pytest.raises(BrokerUnavailable, match="safe to try again"):
        broker.watermarks()
    broker.commit_group({TopicPartition(settings.orders_topic, 0): 2})
    assert "asking for the topics" in caplog.text
    broker.close()
