"""The embedded broker starts, keeps its data, stops, and says what is wrong."""

import importlib.util
import socket
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from flowguard.errors import BrokerUnavailable, MissingComponent
from flowguard.local import broker
from flowguard.local.broker import HOST, embedded_broker
from flowguard.local.ports import free_port
from flowguard_tests.require import require


def topics(bootstrap: str) -> set[str]:
    return set(AdminClient({"bootstrap.servers": bootstrap}).list_topics(timeout=5).topics)


def test_a_second_start_carries_on_with_the_data(tmp_path: Path) -> None:
    require("embedded-broker")
    port = free_port()
    with embedded_broker(tmp_path, port) as bootstrap:
        admin = AdminClient({"bootstrap.servers": bootstrap})
        admin.create_topics([NewTopic("orders", 1)])["orders"].result()
        producer = Producer({"bootstrap.servers": bootstrap})
        producer.produce("orders", b"one")
        assert producer.flush(10) == 0
    with embedded_broker(tmp_path, port) as bootstrap:
        assert "orders" in topics(bootstrap)


def test_it_is_gone_when_the_block_fails(tmp_path: Path) -> None:
    require("embedded-broker")
    port = free_port()
    with pytest.raises(RuntimeError), embedded_broker(tmp_path, port):
        raise RuntimeError
    with socket.socket() as probe:
        assert probe.connect_ex((HOST, port)) != 0


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    require("embedded-broker")
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(BrokerUnavailable, match=f"port {port} is taken"), embedded_broker(tmp_path, port):
            pass


def test_a_broker_that_stops_is_quoted(tmp_path: Path) -> None:
    require("embedded-broker")
    (tmp_path / "kafka.json").mkdir()
    quoted = r"(?s)^port \d+: broker ended with exit code 1; .*broker\.log:.* kafka: .*directory"
    with pytest.raises(BrokerUnavailable, match=quoted), embedded_broker(tmp_path, free_port()):
        pass


def test_a_missing_package_is_named_with_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingComponent, match="pip install"):
        broker.command(tmp_path, 9092)
