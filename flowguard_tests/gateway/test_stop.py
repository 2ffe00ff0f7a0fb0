"""The gateway as a process: it starts or says why not, and when it is stopped, it finishes what has begun."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from flowguard.local.broker_process import BrokerProcess
from flowguard.local.ports import free_port
from flowguard.settings import Settings, as_environment
from flowguard_tests.gateway.conftest import Stored, pending
from flowguard_tests.gateway.examples import click, encoded
from flowguard_tests.waiting import wait_until

IN_FLIGHT = 20


@contextmanager
def running(settings: Settings) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """A gateway that is ready, and a client of it."""
    port = free_port()
    environment = as_environment(settings.model_copy(update={"gateway_port": port}))
    process = subprocess.Popen([sys.executable, "-m", "flowguard.gateway"], env=environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client:
            wait_until(lambda: _status(client) == 200)
            yield process, client
    finally:
        process.kill()
        process.wait()


def test_a_stop_finishes_what_has_begun(settings: Settings, stored: Stored) -> None:
    accepted: list[bytes] = []
    with running(settings) as (process, client):

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


@pytest.mark.parametrize("recovers", [True, False], ids=["it comes back", "it does not"])
def test_what_awaits_a_broker_is_answered_all_the_same(
    settings: Settings, own_broker: BrokerProcess, stored: Stored, recovers: bool
) -> None:
    timeout = timedelta(seconds=20 if recovers else 2)
    own = settings.model_copy(update={"kafka_bootstrap_servers": own_broker.bootstrap, "gateway_timeout": timeout})
    events = [encoded(click(event_id=f"e{number}")) for number in range(IN_FLIGHT)]
    with running(own) as (process, client), ThreadPoolExecutor(IN_FLIGHT) as pool:
        own_broker.pause()
        answers = [pool.submit(client.post, "/v1/events", content=event) for event in events]
        wait_until(lambda: pending(client) == IN_FLIGHT)
        process.terminate()
        wait_until(lambda: _status(client) == 0)
        if recovers:
            own_broker.resume()
        # 503 for those that were not even sent, because enough others were on their way.
        assert {answer.result().status_code for answer in answers} <= ({200} if recovers else {503, 504})
        assert process.wait(30) == 0
    own_broker.resume()
    if recovers:
        assert sorted(value for _, value in stored(settings.clicks_topic, own_broker.bootstrap)) == sorted(events)


def test_a_setting_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    environment = {**os.environ, "FLOWGUARD_GATEWAY_PORT": "many", "FLOWGUARD_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-m", "flowguard.gateway"], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "FLOWGUARD_GATEWAY_PORT='many'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def _status(client: httpx.Client) -> int:
    try:
        return client.get("/health/ready").status_code
    except httpx.TransportError:
        return 0
