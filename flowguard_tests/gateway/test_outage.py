"""A broker that goes away, hangs, comes back; a gateway that is stopped. What was acknowledged is there."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM, Signals

import httpx
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from flowguard.local import broker
from flowguard.local.ports import free_port
from flowguard.settings import Settings, as_environment
from flowguard_tests.gateway.conftest import Serve, Stored
from flowguard_tests.gateway.examples import click, encoded, order
from flowguard_tests.waiting import wait_until

TIMEOUT = timedelta(seconds=2)


class OwnBroker:
    """A broker that a test may hurt."""

    def __init__(self, data_dir: Path) -> None:
        self.port = free_port()
        self.address = f"{broker.HOST}:{self.port}"
        self._data_dir = data_dir

    def start(self) -> None:
        self._process = subprocess.Popen(broker.command(self._data_dir, self.port), stderr=subprocess.DEVNULL)
        wait_until(self._answers)

    def signal(self, number: Signals) -> None:
        self._process.send_signal(number)

    def end(self, number: Signals) -> None:
        self._process.send_signal(number)
        self._process.wait()

    def _answers(self) -> bool:
        try:
            return bool(AdminClient({"bootstrap.servers": self.address, "log_level": 0}).list_topics(timeout=1).brokers)
        except KafkaException:
            return False


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[OwnBroker]:
    own = OwnBroker(tmp_path / "broker")
    own.start()
    try:
        yield own
    finally:
        own.signal(SIGCONT)
        own.end(SIGKILL)


def pending(client: httpx.Client) -> int:
    line = next(line for line in client.get("/metrics").text.splitlines() if line.startswith("flowguard_gateway_pend"))
    return int(line.split()[1])


def statuses(client: httpx.Client, events: list[bytes]) -> list[int]:
    with ThreadPoolExecutor(len(events)) as pool:
        return [
            answer.status_code for answer in pool.map(lambda event: client.post("/v1/events", content=event), events)
        ]


def is_stored(client: httpx.Client, event: bytes) -> Callable[[], bool]:
    return lambda: client.post("/v1/events", content=event).status_code == 200


@pytest.mark.parametrize("way", [SIGTERM, SIGKILL])
def test_a_broker_that_is_away(serve: Serve, own_broker: OwnBroker, way: Signals) -> None:
    bounds = {"gateway_max_pending": 8, "gateway_timeout": TIMEOUT}
    with serve(kafka_bootstrap_servers=own_broker.address, **bounds) as client:
        assert is_stored(client, encoded(order()))()
        own_broker.end(SIGTERM)  # saves the topics, which a kill within the second would forget
        own_broker.start()
        wait_until(is_stored(client, encoded(order())))
        own_broker.end(way)
        wait_until(lambda: client.get("/health/ready").status_code == 503)
        # The first may be unknown, if the broker went in just that half second.
        client.post("/v1/events", content=encoded(order()))
        begun = time.monotonic()
        assert statuses(client, [encoded(order()) for _ in range(20)]) == [503] * 20
        assert time.monotonic() - begun < 3 * TIMEOUT.total_seconds()
        assert pending(client) == 0
        assert client.get("/health/live").status_code == 200
        own_broker.start()
        wait_until(is_stored(client, encoded(order())))
        wait_until(lambda: client.get("/health/ready").status_code == 200)


def test_what_is_pending_is_bounded(serve: Serve, own_broker: OwnBroker) -> None:
    bounds = {"gateway_max_pending": 5, "gateway_timeout": timedelta(seconds=30)}
    with serve(kafka_bootstrap_servers=own_broker.address, **bounds) as client, ThreadPoolExecutor(5) as pool:
        own_broker.signal(SIGSTOP)
        waiting = [pool.submit(client.post, "/v1/events", content=encoded(order())) for _ in range(5)]
        wait_until(lambda: pending(client) == 5)
        answer = client.post("/v1/events", content=encoded(order()))
        assert answer.status_code == 503
        assert "too many" in answer.json()["message"]
        own_broker.signal(SIGCONT)
        assert [future.result().status_code for future in waiting] == [200] * 5
        assert pending(client) == 0


def test_a_broker_that_hangs_leaves_it_unknown(serve: Serve, own_broker: OwnBroker) -> None:
    with serve(kafka_bootstrap_servers=own_broker.address, gateway_timeout=TIMEOUT) as client:
        assert is_stored(client, encoded(order()))()
        own_broker.signal(SIGSTOP)
        event = encoded(order(event_id="e1"))
        answer = client.post("/v1/events", content=event)
        assert answer.status_code == 504
        assert answer.json()["events"] == [{"event_id": "e1", "status": "unknown"}]
        own_broker.signal(SIGCONT)
        wait_until(is_stored(client, event))


def test_a_stop_finishes_what_has_begun(settings: Settings, stored: Stored) -> None:
    port = free_port()
    environment = as_environment(settings.model_copy(update={"gateway_port": port}))
    process = subprocess.Popen([sys.executable, "-m", "flowguard.gateway"], env=environment)
    accepted: list[bytes] = []
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            wait_until(lambda: _status(client) == 200)

            def send_until_it_is_gone(worker: int) -> None:
                for number in range(100_000):
                    events = [click(event_id=f"{worker}-{number}-{index}") for index in range(20)]
                    try:
                        answer = client.post("/v1/events", content=encoded(events))
                    except httpx.HTTPError:
                        return
                    if answer.status_code == 200:
                        accepted.extend(map(encoded, events))

            with ThreadPoolExecutor(4) as pool:
                for worker in range(4):
                    pool.submit(send_until_it_is_gone, worker)
                wait_until(lambda: len(accepted) > 500)
                process.terminate()
        assert process.wait(20) in (0, -SIGTERM)
        assert set(accepted) <= {value for _, value in stored(settings.clicks_topic)}
    finally:
        process.kill()
        process.wait()


def test_a_setting_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    environment = {**os.environ, "FLOWGUARD_GATEWAY_PORT": "many", "FLOWGUARD_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-m", "flowguard.gateway"], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "FLOWGUARD_GATEWAY_PORT='many'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def _status(client: httpx.Client) -> int:
    try:
        return client.get("/health/ready").status_code
    except httpx.ConnectError:
        return 0
