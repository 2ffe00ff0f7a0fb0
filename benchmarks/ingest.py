"""Ingestion against its ceiling: a rolling run against a consumer that only reads the same topics, in one run.

    python -m benchmarks.ingest [--size small|full] [--bootstrap HOST:PORT]

Each round of measuring reads the topics once without doing anything, then ingests them into a new home in a process
of its own, whose peak memory is shown. Trust the ratio, not the times: the broker shares the machine.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import confluent_kafka as kafka
import msgspec
from rich.console import Console

from flowguard.kafka import config
from flowguard.kafka.broker import Broker
from flowguard.local.broker import embedded_broker
from flowguard.local.ports import free_port
from flowguard.settings import Settings, as_environment, load_settings

RECORDS = {"small": 400_000, "full": 1_000_000}
REPEATS = {"small": 1, "full": 3}
console = Console(highlight=False)

_INGEST = """
import json, resource, sys, time
from flowguard.rounds.rolling import roll
from flowguard.settings import load_settings
from flowguard.warehouse import open_warehouse

settings = load_settings()
warehouse = open_warehouse(settings)
commits = []
started = time.perf_counter()
rolled = roll(
    settings, warehouse, run_id="bench", each_minute=lambda *_: None,
    on_commit=lambda round: commits.append((time.perf_counter(), round.records["bronze_rows"].sum())),
)
(first, warm), (last, _) = commits[0], commits[-1]
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "records": rolled.records, "seconds": last - first, "counted": rolled.records - warm, "whole": last - started,
    "mb": usage.ru_maxrss / 1024,
    "cpu": usage.ru_utime + usage.ru_stime,
    "silver": warehouse.query("SELECT COUNT(*) FROM silver.clicks_cleaned").item()
    + warehouse.query("SELECT COUNT(*) FROM silver.orders_cleaned").item(),
}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=RECORDS, default="small")
    parser.add_argument("--bootstrap", help="a broker to use instead of the embedded one; its topics are left behind")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flowguard-bench-") as folder, _broker(folder, options.bootstrap) as at:
        settings = load_settings(
            Path(folder) / "home",
            kafka_bootstrap_servers=at,
            start_date=datetime.now(UTC).date() - timedelta(days=30),
            orders_topic="bench-orders",
            clicks_topic="bench-clicks",
            rejected_topic="bench-rejected",
            quiet_time=timedelta(seconds=1),
        )
        Broker(settings).ensure_topics()
        count = RECORDS[options.size]
        console.print(f"{count:,} records of {_fill(settings, count):.0f} bytes")
        ratios = [_measure(settings, Path(folder), count, number) for number in range(REPEATS[options.size])]
        console.print(f"median ratio {median(ratios):.3f} of a consumer that only reads (wanted: at least 0.12)")


def _measure(settings: Settings, folder: Path, count: int, number: int) -> float:
    ceiling = count / _read_only(settings, count)
    home = settings.model_copy(update={"home": folder / f"home{number}"})
    run = subprocess.run(
        [sys.executable, "-c", _INGEST], env=as_environment(home), check=True, capture_output=True, text=True
    )
    result = json.loads(run.stdout)
    if result["silver"] != count:
        raise SystemExit(f"{result['silver']} of {count} events are in SILVER")
    # As the consumer's: from the first records on, without the seconds that a process needs to start.
    rate = result["counted"] / result["seconds"]
    console.print(
        f"read only {ceiling:>10,.0f}/s   ingested {rate:>9,.0f}/s   ratio {rate / ceiling:.3f}   "
        f"with its start {count / result['whole']:>9,.0f}/s   {result['mb']:,.0f} MB   {result['cpu']:.1f} CPU s",
        soft_wrap=True,
    )
    return rate / ceiling


def _read_only(settings: Settings, count: int) -> float:
    """Seconds that a tuned consumer needs to see every record."""
    consumer = kafka.Consumer(config.consumer(settings))
    try:
        started = time.perf_counter()
        topics = consumer.list_topics().topics
        wanted = (settings.orders_topic, settings.clicks_topic)
        consumer.assign([kafka.TopicPartition(topic, p, 0) for topic in wanted for p in topics[topic].partitions])
        seen = 0
        while seen < count:
            seen += sum(message.error() is None for message in consumer.consume(2000, 1.0))
        return time.perf_counter() - started
    finally:
        consumer.close()


def _fill(settings: Settings, count: int) -> float:
    """Produce a day of traffic, one order among ten events; returns the mean size."""
    producer = kafka.Producer(
        config.producer(settings)
        | {"linger.ms": 20, "queue.buffering.max.messages": 1_000_000, "batch.size": 1_000_000}
    )
    start, step, size = datetime.now(UTC) - timedelta(days=1), timedelta(days=1) / count, 0
    encode = msgspec.json.encode
    for number in range(count):
        value = encode(_event(number, start + number * step))
        topic = settings.clicks_topic if number % 10 else settings.orders_topic
        producer.produce(topic, value, key=f"user-{number % 20_000:05d}")
        size += len(value)
        if number % 10_000 == 0:
            producer.poll(0)
    producer.flush()
    return size / count


def _event(number: int, at: datetime) -> dict[str, object]:
    event: dict[str, object] = {
        "event_id": f"{number:032x}",
        "event_type": "click" if number % 10 == 1 else "impression",
        "user_id": f"user-{number % 20_000:05d}",
        "session_id": f"{number % 50_000:016x}",
        "item_id": f"item-{number % 40}",
        "item_name": "Margherita with extra basil",
        "category": "pizza",
        "event_timestamp": at,
        "schema_version": 1,
    }
    if number % 10:
        return event | {"page": "menu/pizza", "position": number % 40}
    return event | {
        "event_type": "order_placed",
        "order_id": f"order-{number:016d}",
        "price": "9.50",
        "currency": "USD",
    }


@contextmanager
def _broker(folder: str, bootstrap: str | None) -> Iterator[str]:
    if bootstrap:
        yield bootstrap
        return
    with embedded_broker(Path(folder) / "broker", free_port()) as at:
        yield at


if __name__ == "__main__":
    main()
