"""A real Apache Kafka starts, keeps what it acknowledged, hangs, stops, and leaves nothing behind."""

import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from flowguard.errors import BrokerUnavailable
from flowguard.local.apache_kafka import ApacheKafka
from flowguard.local.broker_process import why_silent
from flowguard.local.groups import end
from flowguard.local.ports import HOST, free_port
from flowguard_tests.local.processes import listening, members
from flowguard_tests.require import require
from flowguard_tests.waiting import wait_until

TOPIC = "orders"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[ApacheKafka]:
    """A Kafka that a test may hurt, in a directory whose name means something to Kafka's and Java's settings."""
    require("apache-kafka")
    with ApacheKafka(tmp_path / "a, b=c #1", free_port()) as kafka:
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
        admin.create_topics([NewTopic(TOPIC, 1)])[TOPIC].result()
        yield kafka


def produce(kafka: ApacheKafka, values: list[bytes]) -> None:
    """Returns when all are acknowledged."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "acks": "all"})
    for value in values:
        producer.produce(TOPIC, value)
    assert producer.flush(60) == 0


def consume(kafka: ApacheKafka, count: int) -> list[bytes | None]:
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "test"})
    consumer.assign([TopicPartition(TOPIC, 0, 0)])
    messages = consumer.consume(count, timeout=60)
    consumer.close()
    return [message.value() for message in messages]


def cluster_id(kafka: ApacheKafka) -> str:
    return str(AdminClient({"bootstrap.servers": kafka.bootstrap}).list_topics(timeout=30).cluster_id)


def test_what_was_acknowledged_is_there_after_a_kill_and_after_a_stop(own: ApacheKafka) -> None:
    cluster, values = cluster_id(own), [b"%d" % number for number in range(1000)]
    produce(own, values)
    for stopped in (own.kill, own.stop):
        before = own.process.pid
        stopped()
        assert not members(before)
        own.start()
        assert own.process.pid != before
        assert cluster_id(own) == cluster
        assert consume(own, len(values)) == values


def test_one_that_is_paused_does_not_answer_until_it_is_resumed(own: ApacheKafka) -> None:
    own.pause()
    assert why_silent(own.bootstrap, seconds=0.5)
    assert own.process.poll() is None
    own.resume()
    produce(own, [b"one"])
    assert consume(own, 1) == [b"one"]


@pytest.mark.parametrize(("way", "exit_code"), [(ApacheKafka.stop, 128 + signal.SIGTERM), (ApacheKafka.kill, -9)])
def test_one_that_is_paused_can_be_ended(own: ApacheKafka, way: Callable[[ApacheKafka], None], exit_code: int) -> None:
    own.pause()
    way(own)
    assert own.process.returncode == exit_code
    assert not members(own.process.pid)
    own.stop()  # once more does nothing


def test_it_listens_on_loopback_only(own: ApacheKafka) -> None:
    addresses = listening(own.process.pid)
    assert f"{HOST}:{own.bootstrap.partition(':')[2]}" in addresses
    assert {address.partition(":")[0] for address in addresses} == {HOST}


def test_it_is_gone_when_the_block_fails(tmp_path: Path) -> None:
    require("apache-kafka")
    with pytest.raises(RuntimeError), ApacheKafka(tmp_path, free_port()) as kafka:
        raise RuntimeError
    assert not members(kafka.process.pid)


def test_none_is_left_when_the_process_that_started_it_is_killed(tmp_path: Path) -> None:
    require("apache-kafka")
    code = textwrap.dedent(f"""
        import time
        from pathlib import Path
        from flowguard.local.apache_kafka import ApacheKafka
        with ApacheKafka(Path({str(tmp_path)!r}), {free_port()}) as kafka:
            print(kafka.process.pid, flush=True)
            time.sleep(1000)
    """)
    starter = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    group = 0
    try:
        assert starter.stdout
        group = int(starter.stdout.readline())
        assert members(group)
        starter.send_signal(signal.SIGKILL)
        wait_until(lambda: not members(group))
    finally:
        starter.kill()
        starter.wait()
        if group:
            end([group], patience=0)


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    require("apache-kafka")
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(BrokerUnavailable, match=f"port {port} is taken"), ApacheKafka(tmp_path, port):
            pass
    assert list(tmp_path.iterdir()) == []


def test_one_that_does_not_start_is_quoted(tmp_path: Path) -> None:
    """Kafka's own words reach people: what it logs is not swallowed."""
    require("apache-kafka")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "meta.properties").write_text("version=1\ncluster.id=other\nnode.id=7\n")
    with pytest.raises(BrokerUnavailable, match=r"(?s)broker ended with exit code 1; .*broker\.log:.*node id 7"):
        ApacheKafka(tmp_path, free_port()).start()


def test_an_interrupted_first_start_is_made_good(tmp_path: Path) -> None:
    """Killed while the storage was being formatted: its last file is missing."""
    require("apache-kafka")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "bootstrap.checkpoint").touch()
    with ApacheKafka(tmp_path, free_port()) as kafka:
        assert cluster_id(kafka)
