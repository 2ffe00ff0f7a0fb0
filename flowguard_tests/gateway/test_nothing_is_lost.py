"""What was acknowledged is in Apache Kafka, whatever happens to the broker or to the gateway meanwhile."""

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from flowguard.local.apache_kafka import ApacheKafka
from flowguard.local.ports import free_port
from flowguard.settings import Settings
from flowguard_tests.gateway.clients import Clients
from flowguard_tests.gateway.conftest import Serve, Stored, pending
from flowguard_tests.require import require
from flowguard_tests.waiting import wait_until

TIMEOUT = timedelta(seconds=2)
PATIENCE = 90.0
"""Seconds in which clients get through again after a broker that was killed has recovered."""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[ApacheKafka]:
    """A broker that a test may hurt."""
    require("apache-kafka")
    with ApacheKafka(tmp_path / "broker", free_port()) as kafka:
        yield kafka


def killed(broker: ApacheKafka, clients: Clients) -> None:
    broker.kill()
    wait_until(lambda: clients.statuses[503] + clients.statuses[504])
    broker.start()


def killed_again_and_again(broker: ApacheKafka, clients: Clients) -> None:
    for _ in range(3):
        killed(broker, clients)
        wait_until(more_accepted(clients), PATIENCE)


def stopped(broker: ApacheKafka, clients: Clients) -> None:
    broker.stop()
    wait_until(lambda: clients.statuses[503] + clients.statuses[504])
    broker.start()


def paused(broker: ApacheKafka, clients: Clients) -> None:
    """For longer than the gateway waits: what was on its way is unknown, what comes later too, or declined."""
    broker.pause()
    wait_until(lambda: clients.statuses[504])
    broker.resume()


def paused_shortly(broker: ApacheKafka, clients: Clients) -> None:
    """Until many wait, but none in vain."""
    for _ in range(20):
        broker.pause()
        broker.resume()
        wait_until(more_accepted(clients))


def killed_while_paused(broker: ApacheKafka, clients: Clients) -> None:
    """What the operating system has taken for the broker is gone with it."""
    broker.pause()
    wait_until(lambda: clients.statuses[504])
    broker.kill()
    broker.start()


@pytest.mark.parametrize(
    "fault",
    [
        killed,
        *(
            pytest.param(fault, marks=pytest.mark.faults)
            for fault in (killed_again_and_again, stopped, paused, paused_shortly, killed_while_paused)
        ),
    ],
)
def test_a_broker_in_trouble(
    fault: Callable[[ApacheKafka, Clients], None],
    broker: ApacheKafka,
    serve: Serve,
    stored: Stored,
    settings: Settings,
) -> None:
    with serve(kafka_bootstrap_servers=broker.bootstrap, gateway_timeout=TIMEOUT) as gateway:
        clients = Clients(gateway)
        with clients.sending():
            wait_until(more_accepted(clients))
            fault(broker, clients)
            wait_until(more_accepted(clients), PATIENCE)
        everything_is_there(clients, stored, settings, broker)
        assert pending(gateway) == 0
    assert set(clients.statuses) <= {200, 207, 422, 503, 504}
    assert clients.without_retry_after == 0


def everything_is_there(clients: Clients, stored: Stored, settings: Settings, broker: ApacheKafka) -> None:
    events = [
        json.loads(value)["event_id"]
        for topic in (settings.orders_topic, settings.clicks_topic)
        for _, value in stored(topic, broker.bootstrap)
    ]
    clients.find_all(events, clients.accepted)
    rejected = [json.loads(value) for _, value in stored(settings.rejected_topic, broker.bootstrap)]
    clients.find_all([json.loads(b64decode(record["payload"]))["event_id"] for record in rejected], clients.refused)


def more_accepted(clients: Clients) -> Callable[[], bool]:
    """Whether a hundred more events were accepted from now on."""
    before = len(clients.accepted)
    return lambda: len(clients.accepted) > before + 100
