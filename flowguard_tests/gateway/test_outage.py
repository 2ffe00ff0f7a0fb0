"""A broker that goes away, hangs, comes back; a gateway that is stopped: what clients are told meanwhile."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from flowguard.gateway.kafka_sink import LARGEST_PENDING
from flowguard.local.broker_process import BrokerProcess
from flowguard.local.ports import free_port
from flowguard.settings import Settings, as_environment
from flowguard_tests.gateway.conftest import Serve, Stored
from flowguard_tests.gateway.examples import click, encoded, order
from flowguard_tests.waiting import wait_until

TIMEOUT = timedelta(seconds=2)


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


@pytest.mark.parametrize("end", [BrokerProcess.stop, BrokerProcess.kill])
def test_a_broker_that_is_away(serve: Serve, own_broker: BrokerProcess, end: Callable[[BrokerProcess], None]) -> None:
    bounds = {"gateway_max_pending": 8, "gateway_timeout": TIMEOUT}
    with serve(kafka_bootstrap_servers=own_broker.bootstrap, **bounds) as client:
        assert is_stored(client, encoded(order()))()
        own_broker.stop()  # saves the topics, which a kill within the second would forget
        own_broker.start()
        wait_until(is_stored(client, encoded(order())))
        end(own_broker)
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


@pytest.mark.parametrize(
    ("most", "size"), [(5, 1_000), (1_000, 930_000)], ids=["by the number of events", "by their bytes"]
)
def test_what_is_pending_is_bounded(serve: Serve, own_broker: BrokerProcess, most: int, size: int) -> None:
    """What holds in the end is the smaller of the two bounds; one event more, good or bad, is declined."""
    event = encoded(order(note="x" * size))
    most_pending = min(most, LARGEST_PENDING // len(event))
    bounds = {"gateway_max_pending": most, "gateway_timeout": timedelta(seconds=60)}
    with (
        serve(kafka_bootstrap_servers=own_broker.bootstrap, **bounds) as client,
        ThreadPoolExecutor(most_pending) as pool,
    ):
        own_broker.pause()
        waiting = [pool.submit(client.post, "/v1/events", content=event, timeout=90) for _ in range(most_pending)]
        wait_until(lambda: pending(client) == most_pending)
        for one_more in (event, encoded([order(price=-1, note="x" * 100_000)] * 3)):
            answer = client.post("/v1/events", content=one_more)
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
            assert "too many" in answer.json()["message"]
        assert pending(client) == most_pending
        own_broker.resume()
        assert {future.result().status_code for future in waiting} == {200}
        assert pending(client) == 0


def test_a_broker_that_hangs_leaves_it_unknown(serve: Serve, own_broker: BrokerProcess) -> None:
    with serve(kafka_bootstrap_servers=own_broker.bootstrap, gateway_timeout=TIMEOUT) as client:
        assert is_stored(client, encoded(order()))()
        own_broker.pause()
        event = encoded(order(event_id="e1"))
        answer = client.post("/v1/events", content=event)
        assert answer.status_code == 504
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.json()["events"] == [{"event_id": "e1", "status": "unknown"}]
        own_broker.resume()
        wait_until(is_stored(client, event))


def test_a_gateway_that_is_there_before_its_broker(serve: Serve, own_broker: BrokerProcess) -> None:
    own_broker.stop()
    event = encoded(order())
    with serve(wait_ready=False, kafka_bootstrap_servers=own_broker.bootstrap) as client:
        answer = client.post("/v1/events", content=event)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        own_broker.start()
        wait_until(is_stored(client, event))
        assert client.get("/health/ready").status_code == 200


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
        assert process.wait(20) == 0
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
