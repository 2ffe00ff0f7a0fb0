"""A dashboard on a home with a few events of the last days, and one on a home without any, as real processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flowguard.local.ports import free_port, on_free_ports
from flowguard.local.ready import dashboard, dashboard_address
from flowguard.settings import PREFIX, Settings, as_environment, load_settings
from flowguard.warehouse import open_warehouse
from flowguard_tests.gold.shop import Shop, click, impression, order, refund
from flowguard_tests.waiting import wait_until

TODAY = datetime.now(UTC).date()


def at(days_ago: int, clock: str) -> str:
    return f"{TODAY - timedelta(days_ago)} {clock}"


@contextmanager
def serving(settings: Settings, **secrets: str) -> Iterator[str]:
    """The address of a dashboard, while it serves."""
    chosen = settings.model_copy(update={"dashboard_port": free_port()})
    log = settings.home / "dashboard.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "flowguard.dashboard"],
            env=as_environment(chosen) | secrets,
            stdout=file,
            stderr=file,
        )
    try:
        wait_until(lambda: process.poll() is not None or dashboard(chosen) is None, patience=90)
        assert process.poll() is None, log.read_text()
        yield dashboard_address(chosen)
    finally:
        process.terminate()
        process.wait(20)
    assert "Traceback" not in log.read_text(), log.read_text()


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            environment.delenv(name)
        yield on_free_ports(load_settings(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def shop(own: Settings) -> Iterator[Shop]:
    """Two days of a shop: soup sells, a salad named like markup is clicked in vain."""
    warehouse = open_warehouse(own)
    shop = Shop(own, warehouse, since=datetime.now(UTC).replace(tzinfo=None))
    soup = order("ann", at(1, "10:05"))
    shop.tell(
        impression("ann", at(1, "10:00")),
        click("ann", at(1, "10:01"), item_name="Hot Soup"),
        soup,
        refund(soup, at(1, "11:00")),
        order("bob", at(2, "12:00"), price="20.00", item_id="pie", item_name="Apple Pie", category="sweet"),
        click("bob", at(2, "11:50"), item_id="salad", item_name="**<b>Salad</b>**", category="cold"),
        order("cleo", at(1, "13:00"), price="-1"),
    )
    yield shop
    warehouse.close()


@pytest.fixture(scope="module")
def filled(shop: Shop) -> Iterator[str]:
    with serving(shop.settings) as address:
        yield address


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory, own: Settings) -> Iterator[str]:
    """Of a home whose tables have no rows."""
    home: Path = tmp_path_factory.mktemp("empty")
    settings = own.model_copy(update={"home": home})
    open_warehouse(settings).close()
    with serving(settings) as address:
        yield address
