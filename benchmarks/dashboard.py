"""The dashboard in a real browser: from the click on a page until its charts are drawn, over a year of events.

    python -m benchmarks.dashboard [--size small|full] [--home DIR]

2,000,000 events of 365 days (small: 200,000), all days shown. For each page the median of several clicks: first alone,
then while five other readers have pages open that refresh by themselves. Wanted: at most 2 s. Beside it what the
page's statements take when nothing is cached, which no dashboard on these tables can be faster than.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from importlib import import_module
from itertools import cycle, islice
from pathlib import Path

from playwright.sync_api import Browser, Page
from rich.console import Console

from benchmarks.backfill import EVENTS, filled
from flowguard.dashboard.filters import period
from flowguard.dashboard.query import Query
from flowguard.local.ports import on_free_ports
from flowguard.local.ready import dashboard, dashboard_address
from flowguard.settings import Settings, as_environment, load_settings
from flowguard.warehouse import Warehouse, open_warehouse
from tools.chromium import chromium, until_drawn

PAGES = {"sales": "Sales", "clicks": "Clicks and conversion", "customers": "Customers", "flow": "Flow"}
CLICKS, READERS = 5, 5
PERIOD = "1 year"
console = Console(highlight=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=EVENTS, default="small")
    parser.add_argument("--home", type=Path, help="a home that has events already")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flowguard-bench-") as folder:
        settings = load_settings(given.home) if given.home else filled(Path(folder) / "home", EVENTS[given.size])
        with closing(open_warehouse(settings, read_only=True)) as warehouse:
            least = {name: _statements(warehouse, name) for name in PAGES}
        with _serving(on_free_ports(settings)) as address, chromium() as browser:
            alone = _clicks(browser, address)
            readers = [_open(browser, address, name) for name in (*PAGES, "sales")][:READERS]
            beside = _clicks(browser, address)
            del readers
    for name in PAGES:
        console.print(
            f"{name:<10} statements {least[name]:5.2f} s   click to drawn {alone[name]:5.2f} s   "
            f"beside {READERS} readers {beside[name]:5.2f} s"
        )


def _statements(warehouse: Warehouse, name: str) -> float:
    """What a page asks, one after the other; the median of three."""
    days = period(PERIOD, datetime.now(UTC).date())
    queries = [q for q in vars(import_module(f"flowguard.dashboard.queries.{name}")).values() if isinstance(q, Query)]
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        for query in queries:
            warehouse.query(query.text(days))
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def _clicks(browser: Browser, address: str) -> dict[str, float]:
    """Seconds from the click on a page in the bar until it is drawn, the median."""
    page = _open(browser, address, "flow")
    taken: dict[str, list[float]] = {name: [] for name in PAGES}
    for _ in range(CLICKS):
        for name, title in PAGES.items():
            started = time.perf_counter()
            page.get_by_text(title, exact=True).first.click()
            until_drawn(page, name)
            taken[name].append(time.perf_counter() - started)
    page.context.close()
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def _open(browser: Browser, address: str, name: str) -> Page:
    page = browser.new_context(viewport={"width": 1400, "height": 1000}).new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{address}/{'' if name == 'sales' else name}?period={PERIOD.replace(' ', '+')}")
    until_drawn(page, name)
    return page


@contextmanager
def reading(settings: Settings, readers: int) -> Iterator[None]:
    """So many pages of a dashboard that runs are open, and refresh by themselves."""
    if not readers:
        yield
        return
    with chromium() as browser:
        for name in islice(cycle(PAGES), readers):
            _open(browser, dashboard_address(settings), name)
        yield


@contextmanager
def _serving(settings: Settings) -> Iterator[str]:
    process = subprocess.Popen([sys.executable, "-m", "flowguard.dashboard"], env=as_environment(settings))
    try:
        while dashboard(settings) is not None:
            if process.poll() is not None:
                raise SystemExit("the dashboard has ended")
            time.sleep(0.1)
        yield dashboard_address(settings)
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    main()
