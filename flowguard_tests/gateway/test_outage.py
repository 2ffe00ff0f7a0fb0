"""A broker that goes away, hangs, comes back: what clients are told meanwhile."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest

from flowguard.gateway.kafka_sink import LARGEST_PENDING
from flowguard.local.broker_process import BrokerProcess
from flowguard_tests.gateway.conftest import Serve, pending
from flowguard_tests.gateway.examples import encoded, order
from flowguard_tests.waiting import wait_until

TIMEOUT = timedelta(seconds=2)


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
