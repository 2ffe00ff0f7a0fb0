"""A gateway as it is served: uvicorn on a free port, in a thread, in front of the session's broker or its own."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from confluent_kafka import Consumer, TopicPartition

from flowguard.gateway.app import create_app
from flowguard.local import apache_kafka, broker
from flowguard.local.broker_process import BrokerProcess
from flowguard.local.ports import free_port
from flowguard.settings import Settings
from flowguard_tests.require import require
from flowguard_tests.waiting import wait_until

Serve = Callable[..., AbstractContextManager[httpx.Client]]
Stored = Callable[..., list[tuple[bytes | None, bytes]]]


def pending(client: httpx.Client) -> int:
    """How many records of a gateway await their acknowledgement."""
    (line,) = (line for line in client.get("/metrics").text.splitlines() if line.startswith("flowguard_gateway_pend"))
    return int(line.split()[1])


@pytest.fixture
def serve(settings: Settings) -> Serve:
    """``with serve(gateway_max_batch=2, …) as client``: a gateway with those settings that is ready; on a free port,
    unless one is named."""

    @contextmanager
    def serve(wait_ready: bool = True, port: int | None = None, **changes: object) -> Iterator[httpx.Client]:
        port = port or free_port()
        app = create_app(settings.model_copy(update=changes))
        server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
                wait_until(lambda: server.started)
                if wait_ready:
                    wait_until(lambda: client.get("/health/ready").status_code == 200)
                yield client
        finally:
            server.should_exit = True
            thread.join()

    return serve


@pytest.fixture
def gateway(serve: Serve) -> Iterator[httpx.Client]:
    """A client of a gateway with default settings."""
    with serve() as client:
        yield client


@pytest.fixture
def stored(settings: Settings) -> Stored:
    """``stored(topic, bootstrap=…)``: key and value of every record that the topic holds now."""

    def stored(topic: str, bootstrap: str = settings.kafka_bootstrap_servers) -> list[tuple[bytes | None, bytes]]:
        consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "look"})
        try:
            records: list[tuple[bytes | None, bytes]] = []
            for partition in range(settings.topic_partitions):
                low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
                if low == high:
                    continue
                consumer.assign([TopicPartition(topic, partition, low)])
                while high > low:
                    message = consumer.poll(10)
                    assert message is not None and message.error() is None, message and message.error()
                    records.append((message.key(), message.value() or b""))
                    low = (message.offset() or 0) + 1
                consumer.unassign()
            return records
        finally:
            consumer.close()

    return stored


@pytest.fixture(params=["embedded", pytest.param("apache", marks=pytest.mark.faults)])
def own_broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BrokerProcess]:
    """A broker that a test may hurt."""
    require("apache-kafka" if request.param == "apache" else "embedded-broker")
    command = apache_kafka.command if request.param == "apache" else broker.command
    data_dir, port = tmp_path / "broker", free_port()
    with BrokerProcess(command(data_dir, port), data_dir, port) as own:
        yield own
