"""How long an accepted order takes to SILVER, to GOLD and into the published stream, with the whole platform up.

    python -m benchmarks.latency [--size small|full] [--readers N]

1. Steady traffic of 20 events a second through the gateway: from the gateway's answer until another process reads the
   order in ``silver.orders_cleaned``, and counted in ``gold.daily_order_metrics``; and until a reader of committed
   records has it from ``attributed.events.v1``. With readers, so many pages of the dashboard are open in a browser
   meanwhile, on the same processors, and refresh by themselves.
2. With quiet time and longest life of 1 and 3 minutes: the first event after quiet, whether a run is in flight while
   it is quiet, and the gap between two rolling runs under steady traffic.
"""

import argparse
import json
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from typing import Self
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, TopicPartition
from rich.console import Console

from benchmarks import dashboard
from flowguard.errors import PlatformFailed
from flowguard.kafka import config
from flowguard.local.platform import Platform
from flowguard.local.ports import on_free_ports
from flowguard.local.webserver import ask
from flowguard.settings import Settings, load_settings
from flowguard.warehouse import Warehouse, open_warehouse

EVENTS_PER_SECOND = 20
ORDER_EVERY = 10
LOOK_SECONDS = 0.2
"""Between two looks at the tables and the stream, which share the processors with what is measured."""
MINUTES = {"small": 1.0, "full": 5.0}
LIVES_MINUTES = {"small": 3.5, "full": 7.0}
console = Console(highlight=False)

_RUNS = """
{ runsOrError(filter: {tags: [{key: "flowguard/rolling", value: "ingestion"}]}) {
    ... on Runs { results { runId status startTime endTime } } } }
"""
_SILVER = "SELECT order_id FROM silver.orders_cleaned"
_GOLD = "SELECT COALESCE(SUM(total_orders), 0) FROM gold.daily_order_metrics"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=MINUTES, default="small")
    parser.add_argument("--readers", type=int, default=0, help="pages of the dashboard that are open")
    given = parser.parse_args()
    size: str = given.size
    with _platform(bool(given.readers)) as (settings, warehouse):
        _steady(settings, warehouse, MINUTES[size], given.readers)
    with _platform(quiet_time=timedelta(minutes=1), longest_life=timedelta(minutes=3)) as (settings, warehouse):
        _lives(settings, warehouse, LIVES_MINUTES[size])


@contextmanager
def _platform(dashboard: bool = False, **changes: timedelta) -> Iterator[tuple[Settings, Warehouse]]:
    with tempfile.TemporaryDirectory(prefix="flowguard-bench-") as folder:
        settings = on_free_ports(load_settings(Path(folder))).model_copy(update=changes)
        with Platform(settings, dashboard=dashboard) as platform, closing(open_warehouse(settings)):
            platform.start()
            with closing(open_warehouse(settings, read_only=True)) as warehouse:
                yield settings, warehouse


class _Traffic:
    """Events through the gateway, one a request; remembers when each order was accepted."""

    def __init__(self, settings: Settings) -> None:
        self._url = f"http://{settings.gateway_host}:{settings.gateway_port}/v1/events"
        self.accepted: dict[str, float] = {}
        self._sent = 0

    def send(self, *, order: bool) -> str:
        event = {
            "event_id": str(uuid4()),
            "event_type": "order_placed" if order else "impression",
            "user_id": f"user-{self._sent % 50}",
            "item_id": "ramen",
            "event_timestamp": datetime.now(UTC).isoformat(),
        }
        event |= {"order_id": event["event_id"], "price": "9.50"} if order else {}
        request = urllib.request.Request(self._url, json.dumps(event).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200
        self._sent += 1
        if order:
            self.accepted[event["event_id"]] = time.monotonic()
        return event["event_id"]

    def run(self, minutes: float, stopped: threading.Event) -> None:
        began = time.monotonic()
        for number in range(int(minutes * 60 * EVENTS_PER_SECOND)):
            if stopped.wait(max(0.0, began + number / EVENTS_PER_SECOND - time.monotonic())):
                return
            self.send(order=number % ORDER_EVERY == 0)


class _Watcher:
    """Sees in SILVER which orders are there, and in GOLD how many are counted."""

    def __init__(self, warehouse: Warehouse, traffic: _Traffic) -> None:
        self._warehouse, self._traffic = warehouse, traffic
        self.in_silver: dict[str, float] = {}
        self.in_gold: list[float] = []

    def look(self) -> None:
        for order_id in set(self._warehouse.query(_SILVER).to_series()) - self.in_silver.keys():
            self.in_silver[order_id] = time.monotonic()
        counted = self._warehouse.query(_GOLD).item()
        self.in_gold += [time.monotonic()] * (int(counted) - len(self.in_gold))

    def seconds_to_silver(self) -> list[float]:
        return [self.in_silver[order] - at for order, at in self._traffic.accepted.items()]

    def seconds_to_gold(self) -> list[float]:
        """The n-th order accepted is in GOLD when n orders are counted there."""
        return [seen - at for seen, at in zip(self.in_gold, self._traffic.accepted.values(), strict=False)]

    def until(self, condition: Callable[[], bool], what: str, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise PlatformFailed(f"waited {seconds:.0f} s in vain for {what}")
            self.look()
            time.sleep(LOOK_SECONDS)


class _Reader:
    """Reads the published stream; remembers when each order was there.

    Assigned only while there is something to read: at the end of a partition the embedded broker answers a fetch
    without a pause, and is asked again at once.
    """

    def __init__(self, settings: Settings) -> None:
        self.read: dict[str, float] = {}
        self._topic = settings.attributed_topic
        self._consumer = Consumer(config.consumer(settings) | {"group.id": "bench", "enable.partition.eof": True})
        self._offsets: dict[int, int] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._offsets = dict.fromkeys(self._consumer.list_topics(self._topic, 10).topics[self._topic].partitions, 0)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        self._consumer.close()

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            places = [TopicPartition(self._topic, number, offset) for number, offset in self._offsets.items()]
            if behind := [place for place in places if self._end(place) > place.offset]:
                self._consumer.assign(behind)
                self._read_to_the_end({place.partition for place in behind})
                self._consumer.unassign()

    def _end(self, place: TopicPartition) -> int:
        return self._consumer.get_watermark_offsets(place, timeout=10)[1]

    def _read_to_the_end(self, partitions: set[int]) -> None:
        while partitions and not self._stopped.is_set():
            for message in self._consumer.consume(1000, timeout=0.05):
                if message.error() is None:
                    self.read.setdefault(message.key().decode(), time.monotonic())
                elif message.error().code() == KafkaError._PARTITION_EOF:
                    self._offsets[message.partition()] = message.offset()
                    partitions.discard(message.partition())


def _steady(settings: Settings, warehouse: Warehouse, minutes: float, readers: int) -> None:
    traffic = _Traffic(settings)
    watcher = _Watcher(warehouse, traffic)
    _first(traffic, watcher, "after the start")
    watcher.until(lambda: len(watcher.in_gold) >= 1, "the first order in GOLD")
    with _Reader(settings) as reader, dashboard.reading(settings, readers):
        _steadily(traffic, watcher, minutes, reader)


def _steadily(traffic: _Traffic, watcher: _Watcher, minutes: float, reader: _Reader) -> None:
    traffic.accepted.clear()
    watcher.in_gold.clear()
    before = len(watcher.in_silver)
    _under_traffic(traffic, watcher, minutes, lambda: len(watcher.in_silver) - before >= len(traffic.accepted))
    watcher.until(lambda: len(watcher.in_gold) >= before + len(traffic.accepted), "all orders in GOLD")
    del watcher.in_gold[:before]
    watcher.until(lambda: reader.read.keys() >= traffic.accepted.keys(), "all orders in the published stream")
    _print("accepted → published", [reader.read[order] - at for order, at in traffic.accepted.items()], 3)
    _print("accepted → SILVER", watcher.seconds_to_silver(), 2)
    _print("accepted → GOLD", watcher.seconds_to_gold(), 20)


def _lives(settings: Settings, warehouse: Warehouse, minutes: float) -> None:
    traffic = _Traffic(settings)
    watcher = _Watcher(warehouse, traffic)
    _first(traffic, watcher, "after the start")
    _under_traffic(traffic, watcher, minutes, lambda: len(watcher.in_silver) >= len(traffic.accepted))
    watcher.until(lambda: not _in_flight(settings), "the run to end when it is quiet", 180)
    runs = sorted((run for run in _runs(settings) if run["startTime"]), key=lambda run: run["startTime"])
    gaps = [later["startTime"] - earlier["endTime"] for earlier, later in pairwise(runs)]
    console.print(f"{len(runs)} runs, gaps between them: {', '.join(f'{gap:.1f} s' for gap in gaps) or 'none'}")
    gap = max(watcher.seconds_to_silver())
    console.print(f"longest wait of an order at a hand-over: {gap:.1f} s (wanted: under 15 s)")
    for number in range(3):
        quiet = time.monotonic() + 30
        while time.monotonic() < quiet:
            assert not _in_flight(settings), "a run is in flight while it is quiet"
            time.sleep(1)
        _first(traffic, watcher, f"after quiet, {number + 1} of 3")
        watcher.until(lambda: not _in_flight(settings), "the run to end when it is quiet", 180)


def _first(traffic: _Traffic, watcher: _Watcher, when: str) -> None:
    order = traffic.send(order=True)
    watcher.until(lambda: order in watcher.in_silver, "the first order in SILVER")
    seconds = watcher.in_silver[order] - traffic.accepted[order]
    console.print(f"first event {when}: in SILVER after {seconds:.1f} s (wanted: under 15 s)")


def _under_traffic(traffic: _Traffic, watcher: _Watcher, minutes: float, done: Callable[[], bool]) -> None:
    stopped = threading.Event()
    thread = threading.Thread(target=traffic.run, args=(minutes, stopped), daemon=True)
    thread.start()
    try:
        watcher.until(lambda: not thread.is_alive(), "the traffic to end", minutes * 60 + 120)
        watcher.until(done, "all orders in SILVER")
    finally:
        stopped.set()
        thread.join()


def _print(what: str, seconds: list[float], wanted: float) -> None:
    cuts = quantiles(seconds, n=100)
    console.print(
        f"{what}: p50 {cuts[49]:.2f} s, p95 {cuts[94]:.2f} s, p99 {cuts[98]:.2f} s of {len(seconds)} orders "
        f"(wanted: p95 under {wanted} s)"
    )


def _runs(settings: Settings) -> list[dict[str, float]]:
    return list(ask(settings, _RUNS)["runsOrError"]["results"])


def _in_flight(settings: Settings) -> bool:
    return any(run["status"] in ("QUEUED", "NOT_STARTED", "STARTING", "STARTED") for run in _runs(settings))


if __name__ == "__main__":
    main()
