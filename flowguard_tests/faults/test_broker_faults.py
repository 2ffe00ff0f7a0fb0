"""The broker hangs, dies and returns, and holds offsets without records: nothing is lost, nothing counts twice."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from polars.testing import assert_frame_equal

from flowguard.errors import BrokerUnavailable
from flowguard.kafka import config, reader
from flowguard.kafka.broker import Broker
from flowguard.local.apache_kafka import ApacheKafka
from flowguard.local.ports import free_port
from flowguard.rounds.rolling import roll
from flowguard.rounds.verification import verify
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse
from flowguard_tests.conftest import Produce, producing, with_new_topics
from flowguard_tests.faults.conftest import in_small_rounds
from flowguard_tests.require import require
from flowguard_tests.rounds.flow import contents, opened, order, rolled, traffic
from flowguard_tests.waiting import wait_until


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApacheKafka]:
    """One that is hurt, so not the session's."""
    require("apache-kafka")
    with ApacheKafka(tmp_path_factory.mktemp("kafka"), free_port()) as server:
        yield server


@pytest.fixture
def hurt(server: ApacheKafka, tmp_path: Path) -> Settings:
    return in_small_rounds(with_new_topics(server.bootstrap, tmp_path / "home"))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the broker can hang for longer than the timeouts."""
    monkeypatch.setattr(config, "REQUEST_TIMEOUT", 1.0)
    monkeypatch.setattr(reader, "PATIENCE", 1.0)


@pytest.mark.faults
@pytest.mark.parametrize("hurting", ["pause", "kill"])
def test_a_broker_that_goes_away_in_mid_ingestion(
    server: ApacheKafka, hurt: Settings, impatient: None, tmp_path: Path, hurting: str
) -> None:
    traffic(hurt, producing(server.bootstrap), 120)
    fault: Callable[[], None] = getattr(server, hurting)
    with opened(hurt) as warehouse:
        with pytest.raises(BrokerUnavailable, match="safe to try again"):
            roll(hurt, warehouse, run_id="r", on_commit=lambda _: fault(), each_minute=lambda *_: None)
        server.resume() if hurting == "pause" else server.start()
        wait_until(lambda: ready(hurt), 60)
        rolled(hurt, warehouse)
        found = contents(hurt, warehouse)
    calm = hurt.model_copy(update={"home": tmp_path / "calm"})
    with opened(calm) as warehouse:
        rolled(calm, warehouse)
        for table, rows in contents(calm, warehouse).items():
            assert_frame_equal(found[table], rows)


def ready(settings: Settings) -> bool:
    """A broker that has just come back knows its partitions a moment later."""
    try:
        with closing(Broker(settings)) as broker:
            broker.watermarks()
    except BrokerUnavailable:
        return False
    return True


def sums(settings: Settings, warehouse: Warehouse) -> dict[str, int]:
    rows = contents(settings, warehouse)["gold.flow_ledger"]
    assert rows["balanced"].all()
    with closing(Broker(settings)) as broker:
        assert verify(warehouse, broker).good
    return rows.select("offsets", "bronze_rows", "skipped", "silver_rows").sum().to_dicts()[0]


def test_markers_and_aborted_records_are_counted_as_skipped(settings: Settings, produce: Produce) -> None:
    """3 records and a marker are committed, 2 and a marker aborted, 1 is plain: 8 offsets."""
    quick = in_small_rounds(settings)
    writer = Producer(
        {"bootstrap.servers": settings.kafka_bootstrap_servers, "transactional.id": settings.orders_topic}
    )
    writer.init_transactions(30)
    for numbers, end in ((range(3), writer.commit_transaction), (range(3, 5), writer.abort_transaction)):
        writer.begin_transaction()
        for number in numbers:
            writer.produce(settings.orders_topic, order(number), partition=0)
        writer.flush(10)
        end(30)
    produce(settings.orders_topic, [order(9)], partition=0)
    with opened(quick) as warehouse:
        rolled(quick, warehouse)
        assert sums(quick, warehouse) == {"offsets": 8, "bronze_rows": 4, "skipped": 4, "silver_rows": 4}


def test_an_open_transaction_is_waited_for(settings: Settings, produce: Produce) -> None:
    """What it holds back may still be aborted: nothing behind it is taken before."""
    quick = in_small_rounds(settings)
    writer = Producer(
        {"bootstrap.servers": settings.kafka_bootstrap_servers, "transactional.id": settings.orders_topic}
    )
    writer.init_transactions(30)
    writer.begin_transaction()
    writer.produce(settings.orders_topic, order(0), partition=0)
    writer.flush(10)
    produce(settings.orders_topic, [order(1)], partition=0)
    with opened(quick) as warehouse:
        assert rolled(quick, warehouse).records == 0
        writer.abort_transaction(30)
        rolled(quick, warehouse)
        assert sums(quick, warehouse) == {"offsets": 3, "bronze_rows": 1, "skipped": 2, "silver_rows": 1}


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_compacted_offsets_are_counted_as_skipped(settings: Settings) -> None:
    quick = in_small_rounds(settings)
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers})
    topic = f"{settings.orders_topic}-compacted"
    wanted = {
        "cleanup.policy": "compact",
        "segment.ms": "100",
        "min.cleanable.dirty.ratio": "0.01",
        "max.compaction.lag.ms": "100",
        "message.timestamp.type": "LogAppendTime",
    }
    admin.create_topics([NewTopic(topic, 1, config=wanted)])[topic].result()
    wait_until(lambda: topic in admin.list_topics(timeout=5).topics)
    compacted = quick.model_copy(update={"orders_topic": topic})
    produce = producing(settings.kafka_bootstrap_servers)
    for number in range(10):
        produce(topic, [order(number)], key=b"the same")
        time.sleep(0.15)  # the last segment is never compacted, and a segment closes by the broker's clock
    wait_until(lambda: held(settings, topic) < 10, 120)
    kept = held(settings, topic)
    with opened(compacted) as warehouse:
        rolled(compacted, warehouse)
        assert sums(compacted, warehouse) == {
            "offsets": 10, "bronze_rows": kept, "skipped": 10 - kept, "silver_rows": kept
        }  # fmt: skip


def held(settings: Settings, topic: str) -> int:
    """How many records a topic of one partition still has."""
    consumer = Consumer(
        {"bootstrap.servers": settings.kafka_bootstrap_servers, "group.id": topic, "enable.partition.eof": True}
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    records = 0
    try:
        while (message := consumer.poll(10)) is not None and message.error() is None:
            records += 1
    finally:
        consumer.close()
    return records
