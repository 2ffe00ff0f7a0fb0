"""Whether the driver of a Spark job stays small however much data there is, and whether one busy user holds all up.

    python -m benchmarks.spark [--size small|full]

All of SILVER and GOLD from the Bronze of 90 days with 1M and with 10M events (small: 100k and 1M), of which one user
has every fifth, by two executors of one core and 1 GB, which are processes of their own beside the driver. Told are

- the driver's memory, the most that was resident of its JVM and of its Python (wanted: at most 1.3 times as much for
  ten times the events),
- how long DuckDB takes for the same tables, and whether they have as many rows,
- of the attribution alone, the task that reads the most against the median task (wanted: at most 3 times the rows).
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import pyarrow.parquet as parquet
import pyspark
from rich.console import Console

from flowguard.models.registry import MODELS
from flowguard.models.scope import days
from flowguard.settings import Settings, load_settings
from flowguard.silver.tables import ATTRIBUTED_ORDERS
from flowguard.spark import job
from flowguard.spark.planning import plan_of
from flowguard.warehouse import open_warehouse
from flowguard_tests.spark.cluster import environment
from flowguard_tests.spark.lake import computed_by_duckdb

EVENTS = {"small": (100_000, 1_000_000), "full": (1_000_000, 10_000_000)}
DAYS, FIRST = 90, date(2026, 6, 1)
SCOPES = [days(FIRST, FIRST + timedelta(days=DAYS - 1))]
MOST_GROWTH, MOST_SKEW, PIECES = 1.3, 3.0, 32
_SUBMIT = (
    *(str(Path(pyspark.__file__).parent / "bin" / "spark-submit"), "--master", "local-cluster[2,1,1024]"),
    *("--driver-memory", "512m", "--conf", "spark.ui.enabled=false", "--conf", "spark.ui.showConsoleProgress=false"),
    *("--conf", "spark.eventLog.enabled=true", "--conf", "spark.eventLog.compress=false"),
    *("--conf", "spark.eventLog.rolling.enabled=false"),
)
_PIECES = ("spark.sql.adaptive.coalescePartitions.enabled=false", f"spark.sql.shuffle.partitions={PIECES}")
"""Adaptive execution would merge what is small, and leave a stage of few tasks, in which no one stands out."""
console = Console(highlight=False)

# Ten events are a visit: impressions and clicks, then an order. Every fifth visit is of the same user.
_EVENTS = f"""
SELECT
    i, 'user-' || CASE WHEN HASH(i // 10) % 5 = 0 THEN 0 ELSE HASH(i // 10) % 20000 END AS user_id,
    'item-' || HASH(i) % 40 AS item_id, 'category-' || HASH(i) % 5 AS category,
    TIMESTAMP '{FIRST}' + TO_MICROSECONDS(CAST(i * {{step}} AS BIGINT)) AS event_timestamp
FROM RANGE(0, {{events}}) AS numbers(i)
"""
_COMMON = """
user_id, item_id, UPPER(item_id) AS item_name, category, event_timestamp, 1 AS schema_version, 0 AS _unknown_fields,
CAST('bytes' AS BLOB) AS payload, 1 AS _generation, 0 AS _partition, i AS _offset, event_timestamp AS _arrived_at,
CAST(event_timestamp AS DATE) AS _arrival_date, event_timestamp AS _ingested_at, 'bench' AS _run_id
"""
_ORDERS = f"""
INSERT INTO bronze.orders_raw BY NAME
SELECT
    'o' || i AS event_id, 'order_placed' AS event_type, 'order-' || i AS order_id,
    CAST(5 + i % 1000 / 100 AS DECIMAL(18, 2)) AS price, 'USD' AS currency, 'orders.v1' AS _topic, {_COMMON}
FROM ({_EVENTS}) AS events
WHERE i % 10 = 9
"""
_CLICKS = f"""
INSERT INTO bronze.clicks_raw BY NAME
SELECT
    'c' || i AS event_id, CASE WHEN i % 3 = 0 THEN 'impression' ELSE 'click' END AS event_type,
    'session-' || i // 10 AS session_id, 'clicks.v1' AS _topic, {_COMMON}
FROM ({_EVENTS}) AS events
WHERE i % 10 < 9
"""


class Task(NamedTuple):
    seconds: float
    rows: int
    """How many it read from a shuffle."""


@dataclass(frozen=True)
class Measured:
    """Of a job: seconds, and the megabytes that were resident at most of each program of the driver."""

    seconds: float
    memory: dict[str, float]

    @property
    def driver(self) -> float:
        return sum(self.memory.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=EVENTS, default="small")
    size = parser.parse_args().size
    found = []
    for events in EVENTS[size]:
        with tempfile.TemporaryDirectory(prefix="flowguard-bench-") as folder:
            found.append(_measure(Path(folder), events))
            if events == max(EVENTS[size]):
                _attribute_alone(Path(folder))
    few, many = found
    growth = many.driver / few.driver
    console.print(f"ten times the events, {growth:.2f} times the memory of the driver (wanted: at most {MOST_GROWTH})")
    if growth > MOST_GROWTH:
        sys.exit(1)


def _measure(folder: Path, events: int) -> Measured:
    settings = load_settings(folder / "home", start_date=FIRST)
    _fill(settings, events)
    with closing(open_warehouse(settings)) as warehouse, warehouse.session() as session:
        plan_of(session, settings, dict.fromkeys(MODELS, SCOPES), folder / "all").write(folder / "plan.json")
        spark = _submit(folder)
        started = time.perf_counter()
        with warehouse.at_full_strength() as strong, strong.session() as alone:
            rows = {name: table.height for name, table in computed_by_duckdb(alone, SCOPES).items()}
        duckdb = time.perf_counter() - started
        if rows != (found := _rows(folder / "all" / "out")):
            raise SystemExit(f"they differ: {found}, but by DuckDB {rows}")
        memory = ", ".join(f"{most:,.0f} MB of {program}" for program, most in spark.memory.items())
        console.print(f"{events:,} events: {spark.seconds:.0f} s, by DuckDB {duckdb:.0f} s; the driver had {memory}")
    return spark


def _attribute_alone(folder: Path) -> None:
    settings = load_settings(folder / "home", start_date=FIRST)
    with closing(open_warehouse(settings)) as warehouse, warehouse.session() as session:
        plan_of(session, settings, {ATTRIBUTED_ORDERS: SCOPES}, folder / "alone").write(folder / "plan.json")
    _submit(folder, *_PIECES)
    stage = max((stage for stage in _stages(folder / "log") if len(stage) == PIECES), key=_skew)
    longest, most = max(task.seconds for task in stage), max(task.rows for task in stage)
    console.print(
        f"  attribution in {PIECES} tasks: the longest took {longest:.2f} s and the median "
        f"{median(task.seconds for task in stage):.2f} s, the fullest read {most:,} rows and the median "
        f"{median(task.rows for task in stage):,.0f}: ratio {_skew(stage):.2f} (wanted: at most {MOST_SKEW})",
        soft_wrap=True,
    )


def _skew(stage: Collection[Task]) -> float:
    """The rows of the fullest task by those of the median; which on a busy machine says more than their times."""
    return max(task.rows for task in stage) / max(1, median(task.rows for task in stage))


def _fill(settings: Settings, events: int) -> None:
    step = timedelta(days=DAYS) // timedelta(microseconds=1) // events
    with (
        closing(open_warehouse(settings)) as warehouse,
        warehouse.at_full_strength() as strong,
        strong.session() as session,
        session.transaction(),
    ):
        for statement in (_ORDERS, _CLICKS):
            session.execute(statement.format(events=events, step=step))


def _submit(folder: Path, *settings: str) -> Measured:
    log, memory = folder / "log", dict.fromkeys(("Java", "Python"), 0.0)
    shutil.rmtree(log, ignore_errors=True)
    log.mkdir()
    options = [part for setting in (f"spark.eventLog.dir=file://{log}", *settings) for part in ("--conf", setting)]
    started = time.perf_counter()
    with (folder / "printed").open("w+") as printed:
        command = [*_SUBMIT, *options, job.__file__, str(folder / "plan.json")]
        with subprocess.Popen(command, env=environment(), stdout=printed, stderr=subprocess.STDOUT) as driver:
            while driver.poll() is None:
                _note_peak(memory, "Java", driver.pid)
                for python in _children(driver.pid, "python"):
                    _note_peak(memory, "Python", python)
                time.sleep(0.1)
        if driver.returncode:
            printed.seek(0)
            raise SystemExit(printed.read()[-4000:])
    return Measured(time.perf_counter() - started, memory)


def _note_peak(memory: dict[str, float], program: str, pid: int) -> None:
    """The kernel itself keeps the most that was resident of a process."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return
    peak = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    memory[program] = max(memory[program], *(int(kilobytes) / 1024 for kilobytes in peak), 0.0)


def _children(pid: int, name: str) -> Iterator[int]:
    """Processes and threads end while they are looked for."""
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in children.read_text().split():
                if name in Path(f"/proc/{child}/comm").read_text():
                    yield int(child)


def _stages(log: Path) -> list[list[Task]]:
    """The tasks of each stage."""
    stages: dict[int, list[Task]] = defaultdict(list)
    for line in next(log.iterdir()).read_text().splitlines():
        event: dict[str, Any] = json.loads(line)
        if event["Event"] == "SparkListenerTaskEnd":
            seconds = (event["Task Info"]["Finish Time"] - event["Task Info"]["Launch Time"]) / 1000
            rows = event["Task Metrics"]["Shuffle Read Metrics"]["Total Records Read"]
            stages[event["Stage ID"]].append(Task(seconds, rows))
    return list(stages.values())


def _rows(folder: Path) -> dict[str, int]:
    return {
        model.full_name: sum(
            parquet.read_metadata(file).num_rows for file in (folder / model.full_name).rglob("*.parquet")
        )
        for model in MODELS
    }


if __name__ == "__main__":
    main()
