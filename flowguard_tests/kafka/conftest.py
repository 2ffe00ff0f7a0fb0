"""Both brokers: whatever is asked of one is asked of the other, in one test."""

import pytest

from flowguard.local.apache_kafka import ApacheKafka


@pytest.fixture(scope="session", params=["embedded", "apache"])
def kafka(request: pytest.FixtureRequest) -> str:
    """The bootstrap address of a broker of each kind."""
    if request.param == "embedded":
        return str(request.getfixturevalue("embedded_broker_server"))
    server: ApacheKafka = request.getfixturevalue("apache_kafka_server")
    return server.bootstrap
