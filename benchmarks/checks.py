"""What the whole set of checks costs beside a year of events.

    python -m benchmarks.checks [--size small|full]

365 days of 2,000,000 events (small: 200,000), SILVER and GOLD computed from them. Every check is evaluated twice, as a
run would that changed everything: for the last day, and for the last two days. Of each the second time counts, in
seconds of CPU, which a busy machine does not stretch. The ceiling is the emptiest question that the same storage can be
asked, once a check.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console

from benchmarks.backfill import EVENTS, LAST, filled
from flowguard.checks.check import Check
from flowguard.checks.registry import CHECKS
from flowguard.warehouse import Warehouse, open_warehouse

_DEAREST = 12
console = Console(highlight=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=EVENTS, default="small")
    events = EVENTS[parser.parse_args().size]
    with tempfile.TemporaryDirectory(prefix="flowguard-bench-") as folder:
        settings = filled(Path(folder) / "home", events)
        with closing(open_warehouse(settings)) as warehouse:
            for _ in warehouse.maintain():
                pass
            _measure(warehouse, events)


def _measure(warehouse: Warehouse, events: int) -> None:
    console.print(f"{events:,} events of a year; {len(CHECKS)} checks")
    nothing = sum(_timed(lambda: warehouse.query("SELECT COUNT(*) FROM ops.dirty_days")) for _ in CHECKS)
    console.print(f"ceiling: {len(CHECKS)} empty questions {nothing:6.2f} s")
    for told, days in (("the last day", [LAST]), ("the last two days", [LAST, LAST - timedelta(days=1)])):
        spent = {check: _seconds(warehouse, check, days) for check in CHECKS}
        console.print(f"{told:25} {sum(spent.values()):6.2f} s for all checks; the dearest:")
        for check in sorted(spent, key=spent.__getitem__, reverse=True)[:_DEAREST]:
            console.print(f"  {spent[check]:6.3f} s  {check.table} {check.name}")


def _seconds(warehouse: Warehouse, check: Check, days: list[date]) -> float:
    def evaluate() -> None:
        warehouse.query(check.counted(days))
        if verdict := check.judged(days):
            warehouse.query(verdict)

    evaluate()
    return _timed(evaluate)


def _timed(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


if __name__ == "__main__":
    main()
