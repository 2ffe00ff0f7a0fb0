"""Whether the driver of a Spark job stays small however much data there is, and whether one busy user holds all up.

    python -m benchmarks.spark [--size small|full]

All of SILVER and GOLD from the Bronze of 90 days with 1M and with 10M events (small: 100k and 1M), of which one user
has every fifth, by two executors of one core and 1 GB, which are processes of their own beside the driver. Told are

- the driver's memory, the most that was resident of its JVM and of its Python (wanted: at most 1.3 times as much for
  ten times the events),
- the longest task of the attribution against the median task of the same stage (wanted: at most 3 times as long),
- how long DuckDB takes for the same tables, and whether they have as many rows.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow.parquet as parquet
import pyspark
from rich.console import Console

from flowguard.models.registry import MODELS
from flowguard.models.scope import days
from flowguard.settings import Settings, load_settings
from flowguard.spark import job
from flowguard.warehouse import open_warehouse
from flowguard_tests.spark.cluster import environment
from flowguard_tests.spark.lake import computed_by_duckdb, plan

EVENTS = {"small": (100_000, 1_000_000), "full": (1_000_000, 10_000_000)}
DAYS, FIRST = 90, date(2026, 6, 1)
SCOPES = [days(FIRST, FIRST + timedelta(days=DAYS - 1))]
MOST_GROWTH, MOST_SKEW = 1.3, 3.0
_SUBMIT = (
    *(str(Path(pyspark.__file__).parent / "bin" / "spark-submit"), "--master", "local-cluster[2,1,1024]"),
    *("--driver-memory", "1g", "--conf", "spark.ui.enabled=false", "--conf", "spark.ui.showConsoleProgress=false"),
    *("--conf", "spark.eventLog.enabled=true", "--conf", "spark.eventLog.compress=false"),
    *("--conf", "spark.eventLog.rolling.enabled=false"),
)
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


@dataclass(frozen=True)
class Measured:
    """Of a job: seconds, the megabytes that were resident at most by program, and the seconds of tasks by table and
    stage."""

    seconds: float
    memory: dict[str, float]
    rows: dict[str, int]
    tasks: dict[str, dict[int, list[float]]]

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
    few, many = found
    growth = many.driver / few.driver
    console.print(f"ten times the events, {growth:.2f} times the memory of the driver (wanted: at most {MOST_GROWTH})")
    if growth > MOST_GROWTH:
        sys.exit(1)


def _measure(folder: Path, events: int) -> Measured:
    settings = load_settings(folder / "home", start_date=FIRST)
    _fill(settings, events)
    with closing(open_warehouse(settings)) as warehouse, warehouse.session() as session:
        made = plan(session, settings, SCOPES, folder / "written")
        made.write(folder / "plan.json")
        spark = _submit(folder)
        started = time.perf_counter()
        with session.at_full_strength():
            rows = {name: table.height for name, table in computed_by_duckdb(session, SCOPES).items()}
        duckdb = time.perf_counter() - started
    if spark.rows != rows:
        raise SystemExit(f"they differ: {spark.rows}, but by DuckDB {rows}")
    memory = ", ".join(f"{most:,.0f} MB of {program}" for program, most in spark.memory.items())
    console.print(f"{events:,} events: {spark.seconds:.0f} s, by DuckDB {duckdb:.0f} s; the driver had {memory}")
    _print_skew(spark.tasks["silver.attributed_orders"])
    return spark


def _print_skew(tasks: dict[int, list[float]]) -> None:
    stage = max(tasks.values(), key=max)
    console.print(
        f"  the longest task of the attribution: {max(stage):.2f} s, the median of the {len(stage)} of its stage "
        f"{median(stage):.2f} s (wanted: at most {MOST_SKEW:.0f} times as long)"
    )


def _fill(settings: Settings, events: int) -> None:
    step = timedelta(days=DAYS) // timedelta(microseconds=1) // events
    with (
        closing(open_warehouse(settings)) as warehouse,
        warehouse.session() as session,
        session.at_full_strength(),
        session.transaction(),
    ):
        for statement in (_ORDERS, _CLICKS):
            session.execute(statement.format(events=events, step=step))


def _submit(folder: Path) -> Measured:
    log, memory = folder / "log", dict.fromkeys(("Java", "Python"), 0.0)
    log.mkdir()
    command = [*_SUBMIT, "--conf", f"spark.eventLog.dir=file://{log}", job.__file__, str(folder / "plan.json")]
    started = time.perf_counter()
    with (folder / "printed").open("w+") as printed, (folder / "errors").open("w+") as errors:
        with subprocess.Popen(command, env=environment(), stdout=printed, stderr=errors) as driver:
            while driver.poll() is None:
                _note_peak(memory, "Java", driver.pid)
                for python in _children(driver.pid, "python"):
                    _note_peak(memory, "Python", python)
                time.sleep(0.1)
        seconds = time.perf_counter() - started
        if driver.returncode:
            errors.seek(0)
            raise SystemExit(errors.read()[-4000:])
    return Measured(seconds, memory, _rows(folder / "written"), _tasks(next(log.iterdir())))


def _note_peak(memory: dict[str, float], program: str, pid: int) -> None:
    """The kernel itself keeps the most that was resident of a process."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return
    peak = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    memory[program] = max(memory[program], *(int(kilobytes) / 1024 for kilobytes in peak), 0.0)


def _children(pid: int, name: str) -> Iterator[int]:
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            try:
                if name in Path(f"/proc/{child}/comm").read_text():
                    yield int(child)
            except OSError:
                continue


def _tasks(log: Path) -> dict[str, dict[int, list[float]]]:
    """Seconds of each task, by the table for which it was and its stage."""
    table_of: dict[int, str] = {}
    tasks: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for line in log.read_text().splitlines():
        event: dict[str, Any] = json.loads(line)
        if event["Event"] == "SparkListenerJobStart":
            described = event["Properties"].get("spark.job.description", "")
            table_of |= dict.fromkeys(event["Stage IDs"], described)
        elif event["Event"] == "SparkListenerTaskEnd":
            took = event["Task Info"]["Finish Time"] - event["Task Info"]["Launch Time"]
            tasks[table_of[event["Stage ID"]]][event["Stage ID"]].append(took / 1000)
    return tasks


def _rows(folder: Path) -> dict[str, int]:
    return {
        model.full_name: sum(
            parquet.read_metadata(file).num_rows for file in (folder / model.full_name).rglob("*.parquet")
        )
        for model in MODELS
    }


if __name__ == "__main__":
    main()
