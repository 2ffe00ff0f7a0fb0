"""A backfill of a year, all of SILVER and GOLD, against the least that it could cost, and against a run per day.

    python -m benchmarks.backfill [--size small|full]

365 days of 2,000,000 events (small: 200,000) in Bronze, one in ten an order. Each of these in a process of its own:

1. The ceiling: a bare script that deletes the year from each table and inserts what its SELECT gives, one statement a
   table, all in one transaction, in the same lake. Nothing that leaves its results in DuckLake can do less:
   files by day and their entries in the catalog are most of what either does. It keeps no accounts, holds the write
   lock from beginning to end, and a reader of attribution's outbox would not learn what changed.
2. The backfill itself, without Dagster.
3. The backfill as one run of Dagster: how long it takes as a whole, and how much of that goes to Dagster's event log.
4. A run per partition, as many projects do it, on 5 of the days; times 73.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console

from flowguard.settings import Settings, as_environment, load_settings
from flowguard.warehouse import Session, open_warehouse

EVENTS = {"small": 200_000, "full": 2_000_000}
DAYS, SINGLE_DAYS = 365, 5
FIRST = date(2025, 11, 1)
LAST = FIRST + timedelta(days=DAYS - 1)
console = Console(highlight=False)

# Ten events are a visit: nine impressions and clicks, then an order, of which one in twenty is a refund of an earlier.
_EVENTS = f"""
SELECT
    i, 'user-' || HASH(i // 10) % 20000 AS user_id, 'item-' || HASH(i) % 40 AS item_id,
    TIMESTAMP '{FIRST}' + TO_MICROSECONDS(CAST(i * {{step}} AS BIGINT)) AS event_timestamp
FROM RANGE(0, {{events}}) AS numbers(i)
"""
_COMMON = """
UPPER(item_id) AS item_name, 'category-' || HASH(item_id) % 5 AS category, user_id, item_id, event_timestamp,
1 AS schema_version, 0 AS _unknown_fields, CAST('{}' AS BLOB) AS payload, 1 AS _generation, 0 AS _partition,
event_timestamp AS _arrived_at, CAST(event_timestamp AS DATE) AS _arrival_date, event_timestamp AS _ingested_at,
'bench' AS _run_id
"""
_ORDERS = f"""
INSERT INTO bronze.orders_raw BY NAME
SELECT
    'o' || i AS event_id, CASE WHEN i % 200 = 199 THEN 'order_refunded' ELSE 'order_placed' END AS event_type,
    'order-' || CASE WHEN i % 200 = 199 THEN i - 10 * (1 + HASH(i) % 2000) ELSE i END AS order_id,
    CAST(5 + i % 1000 / 100 AS DECIMAL(18, 2)) AS price, 'USD' AS currency, 'orders.v1' AS _topic, i // 10 AS _offset,
    {_COMMON}
FROM ({_EVENTS}) AS events
WHERE i % 10 = 9
"""
_CLICKS = f"""
INSERT INTO bronze.clicks_raw BY NAME
SELECT
    'c' || i AS event_id, CASE WHEN i % 10 IN (2, 5, 8) THEN 'click' ELSE 'impression' END AS event_type,
    'menu' AS page, CAST(i % 40 AS INTEGER) AS position, 'clicks.v1' AS _topic, i // 10 * 9 + i % 10 AS _offset,
    {_COMMON}
FROM ({_EVENTS}) AS events
WHERE i % 10 < 9
"""
_RANGES = """
INSERT INTO ops.ingest_ranges BY NAME
SELECT
    _topic AS topic, 1 AS generation, 0 AS partition, MIN(_offset) AS start_offset, MAX(_offset) + 1 AS end_offset,
    'records' AS kind, _arrival_date AS arrival_date, COUNT(*) AS bronze_rows, 0 AS quarantined, 0 AS skipped,
    'bench' AS run_id, MAX(_arrived_at) AS committed_at
FROM {raw}
GROUP BY _topic, _arrival_date
"""
_START = f"""
import json, resource, time
from datetime import date, timedelta
from flowguard.settings import load_settings
from flowguard.warehouse import open_warehouse

FIRST, LAST = date.fromisoformat("{FIRST}"), date.fromisoformat("{LAST}")
settings = load_settings()
warehouse = open_warehouse(settings)

def tell(**found):
    print(json.dumps({{**found, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}}))
"""
_MAINTAINED = """
for _ in warehouse.maintain():  # as every minute in a rolling run: what an earlier run has left costs nobody anything
    pass
"""
_BARE = (
    _START
    + _MAINTAINED
    + """
from flowguard.models import render
from flowguard.models.registry import MODELS
from flowguard.models.scope import days

year = days(FIRST, LAST)
with warehouse.at_full_strength() as strong, strong.session() as session:
    started = time.perf_counter()
    with session.transaction():
        session.keep("known", "SELECT * FROM ops.outbox")
        for model in MODELS:
            session.execute(render.delete(model, year))
            session.insert(model, warehouse.model_sql(model, year))
    tell(seconds=time.perf_counter() - started)
"""
)
_BACKFILL = (
    _START
    + _MAINTAINED
    + """
from flowguard.rounds.backfill import rebuild
from flowguard.rounds.rebuildable import BY_DEFAULT

steps = []
started = time.perf_counter()
rebuild(warehouse, settings, BY_DEFAULT, FIRST, LAST, run_id="bench", on_done=steps.append)
seconds = time.perf_counter() - started
*silver, gold = [step.seconds for step in steps]
tell(seconds=seconds, steps=len(silver), longest=max(silver), gold=gold)
"""
)
_RUN = (
    _START
    + """
import sys
import dagster as dg
from flowguard.checks.registry import checks_of
from flowguard.defs.everything import everything
from flowguard.defs.keys import key_of
from flowguard.defs.report import Reporter
from flowguard.rounds.rebuildable import BY_DEFAULT

logging, take = [], Reporter.__exit__

def timed(reporter, *given):
    started = time.perf_counter()
    take(reporter, *given)
    logging.append(time.perf_counter() - started)

Reporter.__exit__ = timed
first, last = sys.argv[1:]
tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
chosen = {"partition_key": first} if first == last else {"tags": tags}
with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
    # Without the checks that ask Kafka, which does not run here.
    checks = (dg.AssetCheckKey(key_of(check.table), check.name) for check in checks_of(BY_DEFAULT))
    tables = dg.AssetSelection.assets(*map(key_of, BY_DEFAULT)).without_checks()
    asked = dg.define_asset_job("bench", tables | dg.AssetSelection.checks(*checks))
    job = dg.Definitions.merge(everything(settings), dg.Definitions(jobs=[asked])).resolve_job_def("bench")
    started = time.perf_counter()
    result = job.execute_in_process(instance=instance, **chosen)
    assert result.success
    told = sum(event.event_type_value == "ASSET_MATERIALIZATION" for event in result.all_events)
tell(seconds=time.perf_counter() - started, logging=sum(logging), partitions=told)
"""
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=EVENTS, default="small")
    events = EVENTS[parser.parse_args().size]
    with tempfile.TemporaryDirectory(prefix="flowguard-bench-") as folder:
        settings = filled(Path(folder) / "home", events)
        rows = len(_tables()) * DAYS
        console.print(
            f"{events:,} events of {DAYS} days; {len(_tables())} tables of SILVER and GOLD, {rows:,} partitions"
        )
        spent = _against_the_ceiling(settings)
        _against_a_run_per_day(settings, spent)


def _against_the_ceiling(settings: Settings) -> float:
    """In turns, after one of each that nobody counts; each the median of three."""
    runs: dict[str, list[dict[str, float]]] = {"bare": [], "ours": []}
    for _ in range(3):
        for name, code in (("bare", _BARE), ("ours", _BACKFILL)):
            runs[name].append(_run(settings, code)[0])
    bare, ours = (sorted(found, key=lambda run: run["seconds"])[1] for found in runs.values())
    console.print(f"bare SQL            {bare['seconds']:7.1f} s  {bare['mb']:5,.0f} MB")
    console.print(
        f"backfill            {ours['seconds']:7.1f} s  {ours['mb']:5,.0f} MB   {ours['steps']:.0f} steps of SILVER, "
        f"the longest {ours['longest']:.1f} s, then GOLD {ours['gold']:.1f} s",
        soft_wrap=True,
    )
    console.print(f"ratio {ours['seconds'] / bare['seconds']:.2f} (wanted: at most 2)")
    return ours["seconds"]


def _against_a_run_per_day(settings: Settings, spent: float) -> None:
    whole, process = _run(settings, _RUN, FIRST, LAST)
    console.print(
        f"as one run          {process:7.1f} s  {whole['mb']:5,.0f} MB   of which Dagster's event log takes "
        f"{whole['logging']:.1f} s for {whole['partitions']:,.0f} partitions after the work",
        soft_wrap=True,
    )
    single = 0.0
    for number in range(SINGLE_DAYS):
        day = FIRST + timedelta(days=number * DAYS // SINGLE_DAYS)
        single += _run(settings, _RUN, day, day)[1]
    all_days = single * DAYS / SINGLE_DAYS
    console.print(
        f"a run per partition {all_days:7.0f} s            {single / SINGLE_DAYS:.1f} s each, measured on {SINGLE_DAYS}"
    )
    console.print(f"as one run it is {all_days / process:.0f} times faster (wanted: at least 20)")


def _run(settings: Settings, code: str, *arguments: object) -> tuple[dict[str, float], float]:
    """What a process tells, and how long it took with its start."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=as_environment(settings),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stderr[-4000:])
    return json.loads(done.stdout.splitlines()[-1]), time.perf_counter() - started


def _tables() -> tuple[str, ...]:
    from flowguard.rounds.rebuildable import BY_DEFAULT

    return BY_DEFAULT


def filled(home: Path, events: int) -> Settings:
    """A home whose Bronze has a year of events, and whose SILVER and GOLD were computed from it once."""
    settings = load_settings(home, start_date=FIRST)
    with (
        closing(open_warehouse(settings)) as warehouse,
        warehouse.at_full_strength() as strong,
        strong.session() as session,
        session.transaction(),
    ):
        _fill(session, events)
    settings.dagster_home.mkdir(parents=True)
    shutil.copy(Path(__file__).parents[1] / "dagster.yaml", settings.dagster_home)
    _run(settings, _BACKFILL)
    return settings


def _fill(session: Session, events: int) -> None:
    step = timedelta(days=DAYS) // timedelta(microseconds=1) // events
    for insert, raw in ((_ORDERS, "bronze.orders_raw"), (_CLICKS, "bronze.clicks_raw")):
        session.execute(insert.replace("{events}", str(events)).replace("{step}", str(step)))
        session.execute(_RANGES.format(raw=raw))


if __name__ == "__main__":
    main()
