"""What tests share: one real broker for the session, topics and a home of their own for each test."""

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from uuid import uuid4

import hypothesis
import pytest
from confluent_kafka import Producer

from flowguard.kafka.broker import Broker
from flowguard.local.apache_kafka import ApacheKafka
from flowguard.local.broker import embedded_broker
from flowguard.local.ports import free_port
from flowguard.settings import PREFIX, Settings, load_settings
from flowguard.warehouse import Warehouse
from flowguard_tests.blank import Blank
from flowguard_tests.require import require
from flowguard_tests.warehouse.account import database_on_account, what_is_missing
from flowguard_tests.warehouse.fakesnow import fakesnow, in_database_of_its_own

pytest_plugins = ("flowguard_tests.browser",)

Produce = Callable[..., None]

# On a busy machine any example may be late, which says nothing about it.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--on-account", action="store_true", help="test on the account of FLOWGUARD_SNOWFLAKE_*")
    parser.addoption("--rewrite-golden", action="store_true", help="take today's Snowflake SQL for the reviewed one")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("on_account") and (missing := what_is_missing()):
        raise pytest.UsageError(missing)


@pytest.fixture(scope="session")
def embedded_broker_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The bootstrap address of an embedded broker that runs as long as the session."""
    require("embedded-broker")
    with embedded_broker(tmp_path_factory.mktemp("broker"), free_port()) as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
def kafka(embedded_broker_server: str) -> str:
    """The broker of ordinary tests. Those of ``kafka/`` run on Apache Kafka as well."""
    return embedded_broker_server


@pytest.fixture(scope="session")
def apache_kafka_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApacheKafka]:
    """A real Apache Kafka that runs as long as the session. Tests that hurt one have their own."""
    require("apache-kafka")
    with ApacheKafka(tmp_path_factory.mktemp("kafka"), free_port()) as server:
        yield server


@pytest.fixture(scope="session")
def on_fakesnow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A home whose tables are on a fakesnow server that runs as long as the session."""
    with fakesnow(tmp_path_factory.mktemp("snowflake")) as settings:
        yield settings


@pytest.fixture(scope="module")
def on_snowflake(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A home whose tables are in a database of its own: on the fakesnow server, or with --on-account on an account."""
    if request.config.getoption("on_account"):
        with database_on_account(tmp_path_factory.mktemp("account")) as settings:
            yield settings
    else:
        on_fakesnow: Settings = request.getfixturevalue("on_fakesnow")
        yield in_database_of_its_own(on_fakesnow, on_fakesnow)


@pytest.fixture
def settings(kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of an empty home, with new empty topics of 3 partitions; nothing of the caller's environment."""
    for name in [name for name in os.environ if name.startswith(PREFIX) and name != f"{PREFIX}REQUIRE"]:
        monkeypatch.delenv(name)
    return with_new_topics(kafka, tmp_path / "home")


def with_new_topics(kafka: str, home: Path) -> Settings:
    """Settings of a home on DuckLake, with new empty topics of 3 partitions."""
    test = uuid4().hex[:12]
    given = load_settings(
        home=home,
        warehouse="ducklake",
        kafka_bootstrap_servers=kafka,
        orders_topic=f"orders-{test}",
        clicks_topic=f"clicks-{test}",
        rejected_topic=f"rejected-{test}",
        attributed_topic=f"attributed-{test}",
        consumer_group=f"flowguard-{test}",
        topic_partitions=3,
        start_date=date(2024, 1, 1),
    )
    broker = Broker(given)
    try:
        broker.ensure_topics()
    finally:
        broker.close()
    return given


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Blank:
    """A home that is empty again each time that it is opened."""
    return Blank(load_settings(tmp_path_factory.mktemp("blank"), start_date=date(2024, 1, 1)))


@pytest.fixture
def home(blank: Blank) -> Settings:
    return blank.settings


@pytest.fixture
def warehouse(blank: Blank) -> Iterator[Warehouse]:
    """The empty warehouse of ``home``."""
    with blank.opened() as warehouse:
        yield warehouse


@pytest.fixture
def produce(kafka: str) -> Produce:
    """``produce(topic, values, partition=None, key=None)``: returns when the broker has acknowledged all of them."""
    return producing(kafka)


def producing(bootstrap: str) -> Produce:
    """See `produce`."""
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 1, "log_level": 2})

    def produce(
        topic: str, values: Iterable[bytes | str | None], partition: int | None = None, key: bytes | str | None = None
    ) -> None:
        failures: list[object] = []
        chosen = {} if partition is None else {"partition": partition}
        for value in values:
            producer.produce(topic, value=value, key=key, on_delivery=_collect(failures), **chosen)
            producer.poll(0)
        assert producer.flush(30) == 0, "the broker did not acknowledge in 30 s"
        assert not failures, failures[0]

    return produce


def _collect(failures: list[object]) -> Callable[[object, object], None]:
    return lambda error, message: failures.append(error) if error else None
