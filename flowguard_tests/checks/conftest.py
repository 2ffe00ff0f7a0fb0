"""The world in which checks are tried."""

from collections.abc import Iterator
from contextlib import closing

import duckdb
import pytest

from flowguard.settings import load_settings
from flowguard.warehouse import Warehouse, open_warehouse
from flowguard_tests.checks.world import copied, live_through


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Real tables, as rounds have left them."""
    settings = load_settings(home=tmp_path_factory.mktemp("home"))
    with closing(open_warehouse(settings)) as warehouse:
        live_through(settings, warehouse)
        yield warehouse


@pytest.fixture(scope="module")
def memory(world: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same tables in memory."""
    with closing(copied(world)) as connection:
        yield connection
