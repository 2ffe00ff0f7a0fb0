"""Faults are tested on a real Apache Kafka: the promises about what was acknowledged are its own."""

from datetime import timedelta

import pytest

from flowguard.local.apache_kafka import ApacheKafka
from flowguard.settings import Settings


@pytest.fixture(scope="session")
def kafka(apache_kafka_server: ApacheKafka) -> str:
    """The bootstrap address of the Apache Kafka that runs as long as the session."""
    return apache_kafka_server.bootstrap


@pytest.fixture
def quick(settings: Settings) -> Settings:
    """Rolling runs that end soon after the topics are quiet, of many small rounds."""
    return settings.model_copy(
        update={
            "quiet_time": timedelta(milliseconds=200),
            "round_interval": timedelta(0),
            "maintenance_interval": timedelta(0),
            "chunk_records": 50,
        }
    )
