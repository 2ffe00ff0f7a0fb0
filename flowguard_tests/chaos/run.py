"""A chaos run: faults at random under steady traffic, and then the proof."""

import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

import polars as pl

from flowguard.kafka.broker import Broker
from flowguard.local.demo.catch_up import catch_up
from flowguard.local.platform import Platform
from flowguard.local.ports import on_free_ports
from flowguard.rounds.verification import verify
from flowguard.settings import Settings, load_settings
from flowguard.warehouse import Warehouse, open_warehouse
from flowguard_tests.chaos.faults import Faults
from flowguard_tests.chaos.traffic import Traffic

_BRONZE = """
SELECT event_id, COUNT(*) AS stored FROM (
    SELECT event_id FROM bronze.orders_raw UNION ALL SELECT event_id FROM bronze.clicks_raw
) AS raw GROUP BY event_id
"""
_SILVER = """
SELECT event_id, COUNT(*) AS stored FROM (
    SELECT event_id FROM silver.orders_cleaned UNION ALL SELECT event_id FROM silver.clicks_cleaned
) AS kept GROUP BY event_id
"""
_REFUSED = "SELECT COUNT(*) FROM ops.quarantine WHERE stage = 'gateway'"


@dataclass
class Outcome:
    """What a chaos run proved. ``wrong`` says each thing that must not be; ``partitions`` is the verified account."""

    faults: int
    once: int
    again: int
    refused: int
    runs: int
    partitions: pl.DataFrame
    ledger: pl.DataFrame
    wrong: list[str] = field(default_factory=list)


def chaos(minutes: float, seed: int, say: Callable[[str], None]) -> Outcome:
    """Run the platform on a real Apache Kafka, hurt it for so long, let it catch up, and count everything."""
    started = time.monotonic()

    def told(what: str) -> None:
        say(f"{time.monotonic() - started:6.1f} s  {what}")

    with tempfile.TemporaryDirectory(prefix="flowguard-chaos-", ignore_cleanup_errors=True) as directory:
        settings = _settings(Path(directory) / "home")
        with Platform(settings, broker="kafka", progress=told) as platform:
            platform.start()
            traffic = Traffic(settings, seed)
            traffic.start()
            faults = _hurt(platform, settings, Random(seed), minutes, told)
            told("no more faults; waiting until all is confirmed and ingested")
            traffic.finish()
            with closing(open_warehouse(settings)) as warehouse:
                for _ in catch_up(settings, warehouse, platform.revive_ended):
                    pass
                return _proof(settings, warehouse, traffic, faults)


def _settings(home: Path) -> Settings:
    """Runs that live shorter than usual, so that their ends are met as well."""
    quick = {"quiet_time": timedelta(seconds=20), "longest_life": timedelta(seconds=90), "chunk_records": 500}
    return on_free_ports(load_settings(home, maintenance_interval=timedelta(seconds=10), **quick))


def _hurt(platform: Platform, settings: Settings, random: Random, minutes: float, say: Callable[[str], None]) -> int:
    faults, count = Faults(platform, settings, random, say), 0
    deadline = time.monotonic() + 60 * minutes
    while time.monotonic() < deadline:
        time.sleep(random.uniform(1, 8))
        platform.revive_ended()
        faults.next()
        count += 1
    return count


def _proof(settings: Settings, warehouse: Warehouse, traffic: Traffic, faults: int) -> Outcome:
    with closing(Broker(settings)) as broker:
        verified = verify(warehouse, broker)
    ledger = warehouse.query("SELECT * FROM gold.flow_ledger ORDER BY arrival_date, topic")
    bronze, silver = (dict(warehouse.query(sql).iter_rows()) for sql in (_BRONZE, _SILVER))
    runs = warehouse.query("SELECT COUNT(DISTINCT run_id) FROM ops.ingest_ranges").item()
    outcome = Outcome(
        faults, len(traffic.once), len(traffic.again), len(traffic.refused), runs, verified.partitions, ledger
    )
    accepted = traffic.once | traffic.again
    outcome.wrong += traffic.surprises
    outcome.wrong += [] if verified.good else ["the ledger is not verified"]
    outcome.wrong += [] if ledger["balanced"].all() else ["the ledger does not balance"]
    outcome.wrong += _differing("Bronze, not once", {name: bronze.get(name, 0) for name in traffic.once}, exactly=True)
    outcome.wrong += _differing("Bronze, missing", {name: bronze.get(name, 0) for name in traffic.again}, exactly=False)
    outcome.wrong += _differing("SILVER, not once", {name: silver.get(name, 0) for name in accepted}, exactly=True)
    if strangers := sorted(bronze.keys() - accepted):
        outcome.wrong.append(f"{len(strangers)} events in Bronze were never accepted: {strangers[:5]}")
    if warehouse.query(_REFUSED).item() < len(traffic.refused):
        outcome.wrong.append("refused events are missing in quarantine")
    return outcome


def _differing(what: str, stored: dict[str, int], *, exactly: bool) -> list[str]:
    bad = {name: count for name, count in stored.items() if (count != 1 if exactly else count < 1)}
    return [f"{what}: {len(bad)} of {len(stored)} events, such as {dict(list(bad.items())[:5])}"] if bad else []
