"""Faults are tested on a real Apache Kafka: the promises about what was acknowledged are its own."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from flowguard.kafka.broker import Broker
from flowguard.local.apache_kafka import ApacheKafka
from flowguard.settings import Settings
from flowguard_tests.conftest import producing, with_new_topics
from flowguard_tests.faults.undisturbed import Undisturbed
from flowguard_tests.rounds.flow import contents, late_clicks, opened, rolled, traffic
from flowguard_tests.warehouse.fakesnow import in_database_of_its_own


@pytest.fixture(scope="session")
def kafka(apache_kafka_server: ApacheKafka) -> str:
    """The bootstrap address of the Apache Kafka that runs as long as the session."""
    return apache_kafka_server.bootstrap


@pytest.fixture(scope="session")
def undisturbed(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Some traffic, and what must be in the tables of whoever ingests it."""
    settings = in_small_rounds(with_new_topics(kafka, tmp_path_factory.mktemp("undisturbed")))
    traffic(settings, producing(kafka), 120)
    late_clicks(settings, producing(kafka), 120)
    with opened(settings) as warehouse:
        rolled(settings, warehouse)
        return Undisturbed(settings, contents(settings, warehouse))


@pytest.fixture
def quick(undisturbed: Undisturbed, tmp_path: Path) -> Settings:
    """An empty home for the same traffic, which publishes to a topic of its own."""
    given = {"home": tmp_path / "home", "attributed_topic": f"attributed-{uuid4().hex[:12]}"}
    settings = undisturbed.settings.model_copy(update=given)
    with closing(Broker(settings)) as broker:
        broker.ensure_topics()
    return settings


@pytest.fixture
def home(request: pytest.FixtureRequest, quick: Settings) -> Settings:
    """`quick` in the warehouse that the test names, in few rounds: on fakesnow one takes seconds."""
    if request.param == "ducklake":
        return quick.model_copy(update={"chunk_records": 100})
    on_fakesnow: Settings = request.getfixturevalue("on_fakesnow")
    return in_database_of_its_own(quick, on_fakesnow).model_copy(update={"chunk_records": 130})


def in_small_rounds(settings: Settings) -> Settings:
    """Rolling runs that end soon after the topics are quiet, of many small rounds."""
    return settings.model_copy(
        update={
            "quiet_time": timedelta(milliseconds=200),
            "round_interval": timedelta(0),
            "maintenance_interval": timedelta(0),
            "chunk_records": 50,
        }
    )
