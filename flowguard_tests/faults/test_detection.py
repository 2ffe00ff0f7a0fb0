"""Whatever Kafka loses is found, also inside a rolling run, and is recorded for ever once a person goes on."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from flowguard.errors import (
    InvalidInput,
    OffsetsWentBackwards,
    RecordsExpired,
    TopicMissing,
    TopicRecreated,
    TopicTruncated,
    UnknownCluster,
)
from flowguard.kafka.broker import Broker
from flowguard.kafka.reader import RangeReader
from flowguard.local.apache_kafka import ApacheKafka
from flowguard.local.broker import embedded_broker
from flowguard.local.ports import free_port
from flowguard.rounds.acceptance import accept, propose
from flowguard.rounds.chunk import prepare
from flowguard.rounds.commit import commit
from flowguard.rounds.news import wait_for_news
from flowguard.rounds.progress import positions
from flowguard.rounds.rolling import Rolled
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse
from flowguard_tests.conftest import Produce
from flowguard_tests.faults.conftest import in_small_rounds
from flowguard_tests.rounds.flow import contents, opened, order, rolled
from flowguard_tests.waiting import wait_until

pytestmark = pytest.mark.faults


@pytest.fixture(scope="session", params=["embedded", "apache"])
def kafka(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "apache":
        server: ApacheKafka = request.getfixturevalue("apache_kafka_server")
        yield server.bootstrap
    else:
        with embedded_broker(tmp_path_factory.mktemp("broker"), free_port()) as bootstrap:
            yield bootstrap


@pytest.fixture
def quick(settings: Settings) -> Settings:
    return in_small_rounds(settings)


@pytest.fixture
def admin(settings: Settings) -> AdminClient:
    return AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers})


@pytest.fixture
def has_topic_ids(settings: Settings) -> bool:
    with closing(Broker(settings)) as broker:
        return broker.origins()[settings.orders_topic].topic_id is not None


def expire(admin: AdminClient, topic: str, before: int) -> None:
    for answer in admin.delete_records([TopicPartition(topic, 0, before)]).values():
        answer.result()


def delete(admin: AdminClient, topic: str) -> None:
    admin.delete_topics([topic])[topic].result()
    wait_until(lambda: topic not in admin.list_topics(timeout=5).topics)


def recreate(admin: AdminClient, topic: str) -> None:
    delete(admin, topic)
    admin.create_topics([NewTopic(topic, 3, config={"message.timestamp.type": "LogAppendTime"})])[topic].result()
    wait_until(lambda: topic in admin.list_topics(timeout=5).topics)


@contextmanager
def rolling(quick: Settings, warehouse: Warehouse) -> Iterator["Future[Rolled]"]:
    """A rolling run that goes on until something is wrong, or for as long as a test may last."""
    patient = quick.model_copy(update={"quiet_time": timedelta(seconds=60)})
    with ThreadPoolExecutor(1) as thread:
        yield thread.submit(rolled, patient, warehouse)


def ingested(warehouse: Warehouse) -> int:
    return int(warehouse.query("SELECT COUNT(*) FROM bronze.orders_raw").item())


def error_of(running: "Future[Rolled]") -> BaseException:
    """What ended the run; within the 15 s in which people are told."""
    error = running.exception(timeout=15)
    assert error is not None
    return error


def accepted(settings: Settings, warehouse: Warehouse, reason: str = "it is gone") -> None:
    with closing(Broker(settings)) as broker, warehouse.session() as session:
        decision = propose(session, broker, settings.orders_topic)
        assert decision is not None
        accept(session, decision, reason=reason, run_id="person")


def ledger(settings: Settings, warehouse: Warehouse) -> dict[str, int]:
    """The sums of the orders topic's ledger, which must balance."""
    rows = contents(settings, warehouse)["gold.flow_ledger"]
    assert rows["balanced"].all()
    return rows.select("offsets", "bronze_rows", "lost", "silver_rows", "duplicates").sum().to_dicts()[0]


def test_records_that_expired_before_they_were_taken(quick: Settings, produce: Produce, admin: AdminClient) -> None:
    produce(quick.orders_topic, map(order, range(3)), partition=0)
    with opened(quick) as warehouse:
        rolled(quick, warehouse)
        produce(quick.orders_topic, map(order, range(3, 10)), partition=0)
        expire(admin, quick.orders_topic, before=8)
        with pytest.raises(RecordsExpired, match=r"partition 0: offsets 3 to 7 are missing.*doctor accept-gap"):
            rolled(quick, warehouse)
        accepted(quick, warehouse)
        rolled(quick, warehouse)
        assert ledger(quick, warehouse) == {
            "offsets": 10, "bronze_rows": 5, "lost": 5, "silver_rows": 5, "duplicates": 0
        }  # fmt: skip
        gaps = warehouse.query("SELECT start_offset, end_offset, reason FROM ops.ingest_ranges WHERE kind <> 'records'")
        assert gaps.rows() == [(3, 8, "it is gone")]


def test_records_that_expire_before_a_first_one_was_taken(
    quick: Settings, produce: Produce, admin: AdminClient
) -> None:
    """The accounts begin with the topic, not with the first record that is taken from it."""
    with opened(quick) as warehouse:
        rolled(quick, warehouse)
        produce(quick.orders_topic, map(order, range(4)), partition=0)
        expire(admin, quick.orders_topic, before=2)
        with pytest.raises(RecordsExpired, match="offsets 0 to 1 are missing"):
            rolled(quick, warehouse)


@pytest.mark.parametrize("grown_to", [0, 3, 5])
def test_a_recreated_topic_stops_a_rolling_run(
    quick: Settings, produce: Produce, admin: AdminClient, has_topic_ids: bool, grown_to: int
) -> None:
    if not has_topic_ids and grown_to == 3:
        pytest.skip("without topic ids, a topic that has grown to exactly where it was shows with its next record")
    topic = quick.orders_topic
    produce(topic, map(order, range(3)), partition=0)
    with opened(quick) as warehouse:
        with rolling(quick, warehouse) as running:
            wait_until(lambda: ingested(warehouse) == 3)
            recreate(admin, topic)
            produce(topic, map(order, range(10, 10 + grown_to)), partition=0)
            error = error_of(running)
        if has_topic_ids:
            # The moment between deletion and recreation may be noticed first.
            assert isinstance(error, TopicRecreated | TopicMissing)
            with pytest.raises(TopicRecreated, match=f"topic {topic}: it was deleted and recreated"):
                rolled(quick, warehouse)
        else:
            assert isinstance(error, TopicTruncated | OffsetsWentBackwards | TopicMissing)
        accepted(quick, warehouse)
        rolled(quick, warehouse)
        assert ingested(warehouse) == 3 + grown_to
        assert ledger(quick, warehouse)["silver_rows"] == 3 + grown_to
        generations = warehouse.query("SELECT DISTINCT _generation FROM bronze.orders_raw ORDER BY 1").to_series()
        assert generations.to_list() == ([1, 2] if grown_to else [1])


def test_an_idle_sensor_sees_a_recreated_topic(
    quick: Settings, produce: Produce, admin: AdminClient, has_topic_ids: bool
) -> None:
    produce(quick.orders_topic, [order(0)], partition=0)
    with opened(quick) as warehouse, closing(Broker(quick)) as broker:
        rolled(quick, warehouse)
        recreate(admin, quick.orders_topic)
        with pytest.raises(TopicRecreated if has_topic_ids else OffsetsWentBackwards):
            wait_for_news(quick, warehouse, broker, timeout=15)


def test_a_log_that_was_cut_off_and_has_grown_again_goes_on_from_what_is_unchanged(
    quick: Settings, produce: Produce, admin: AdminClient, has_topic_ids: bool
) -> None:
    """On a broker with topic ids a truncated log keeps its id; that one broker alone never truncates is not shown."""
    if has_topic_ids:
        pytest.skip("a single Apache Kafka does not cut off what it acknowledged")
    topic = quick.orders_topic
    with opened(quick) as warehouse:
        for number in range(6):
            produce(topic, [order(number)], partition=0)
            rolled(quick, warehouse)
        # Of the ranges that were ingested, the last two are made to look like other records.
        with warehouse.session() as session, session.transaction():
            session.execute(
                f"UPDATE ops.ingest_ranges SET last_digest = 'other' WHERE topic = '{topic}' AND start_offset > 3"
            )
        produce(topic, [order(6)], partition=0)
        with pytest.raises(TopicTruncated, match="the record at offset 5 is not the one that was ingested"):
            rolled(quick, warehouse)
        accepted(quick, warehouse)
        rolled(quick, warehouse)
        starts = warehouse.query("SELECT start_offset FROM ops.generations WHERE generation = 2 AND partition = 0")
        assert starts.item() == 4
        assert ledger(quick, warehouse) == {
            "offsets": 9, "bronze_rows": 9, "lost": 0, "silver_rows": 7, "duplicates": 2
        }  # fmt: skip


def test_a_partition_that_is_added_is_taken_by_the_same_run(
    quick: Settings, produce: Produce, admin: AdminClient
) -> None:
    with opened(quick) as warehouse, rolling(quick, warehouse) as running:
        produce(quick.orders_topic, [order(0)], partition=0)
        wait_until(lambda: ingested(warehouse) == 1)
        admin.create_partitions([NewPartitions(quick.orders_topic, 5)])[quick.orders_topic].result()
        newcomer = Producer({"bootstrap.servers": quick.kafka_bootstrap_servers})  # one that knows the partition
        for number in (1, 2):
            newcomer.produce(quick.orders_topic, order(number), partition=4)
        assert newcomer.flush(10) == 0
        wait_until(lambda: ingested(warehouse) == 3, 15)
        delete(admin, quick.orders_topic)
        assert isinstance(error_of(running), TopicMissing)


def test_a_missing_topic_stops_a_rolling_run(quick: Settings, produce: Produce, admin: AdminClient) -> None:
    produce(quick.orders_topic, [order(0)], partition=0)
    with opened(quick) as warehouse, rolling(quick, warehouse) as running:
        wait_until(lambda: ingested(warehouse) == 1)
        delete(admin, quick.clicks_topic)
        with pytest.raises(TopicMissing, match=f"missing topics: {quick.clicks_topic}.*--create"):
            raise error_of(running)


def test_another_kafka_is_not_taken_for_the_one_that_was_ingested(
    quick: Settings, produce: Produce, request: pytest.FixtureRequest
) -> None:
    produce(quick.orders_topic, [order(0)], partition=0)
    with opened(quick) as warehouse:
        rolled(quick, warehouse)
        with warehouse.session() as session, session.transaction():
            session.execute("UPDATE ops.generations SET cluster_id = 'another'")
        with pytest.raises(UnknownCluster, match=r"cluster id is .*, ingested was that of another"):
            rolled(quick, warehouse)
        accepted(quick, warehouse, reason="the shop moved")
        with pytest.raises(UnknownCluster, match=quick.clicks_topic):
            rolled(quick, warehouse)


def test_nothing_to_accept_and_nothing_that_moved_meanwhile(
    quick: Settings, produce: Produce, admin: AdminClient
) -> None:
    produce(quick.orders_topic, map(order, range(3)), partition=0)
    with opened(quick) as warehouse, closing(Broker(quick)) as broker, warehouse.session() as session:
        rolled(quick, warehouse)
        assert propose(session, broker, quick.orders_topic) is None
        with pytest.raises(InvalidInput, match="strange is not ingested"):
            propose(session, broker, "strange")
        produce(quick.orders_topic, map(order, range(3, 6)), partition=0)
        expire(admin, quick.orders_topic, before=5)
        decision = propose(session, broker, quick.orders_topic)
        assert decision is not None
        accept(session, decision, reason="first", run_id="person")
        with pytest.raises(InvalidInput, match="has moved since it was looked at"):
            accept(session, decision, reason="second", run_id="person")


def test_what_was_planned_before_a_new_generation_is_not_written_after_it(
    quick: Settings, produce: Produce, admin: AdminClient
) -> None:
    produce(quick.orders_topic, map(order, range(3)), partition=0)
    with opened(quick) as warehouse, warehouse.session() as session:
        rolled(quick, warehouse)
        produce(quick.orders_topic, map(order, range(3, 6)), partition=0)
        with closing(Broker(quick)) as broker, closing(RangeReader(quick)) as reader:
            planned = broker.plan(positions(session), 100)
            chunk = prepare(planned, reader.read(planned), warehouse, quick, "late")
        recreate(admin, quick.orders_topic)
        accepted(quick, warehouse)
        assert commit(session, chunk, quick) is None
        assert ingested(warehouse) == 3
