"""A warehouse that the tests of GOLD share, empty at the start of each."""

from collections.abc import Iterator
from datetime import date

import pytest

from flowguard.settings import Settings, load_settings
from flowguard.warehouse import Warehouse, open_warehouse
from flowguard_tests.gold.shop import Shop
from flowguard_tests.rounds.test_incremental import empty


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_settings(tmp_path_factory.mktemp("home"), start_date=date(2024, 1, 1))


@pytest.fixture(scope="module")
def warehouse(home: Settings) -> Iterator[Warehouse]:
    warehouse = open_warehouse(home)
    yield warehouse
    warehouse.close()


@pytest.fixture
def shop(home: Settings, warehouse: Warehouse) -> Shop:
    empty(warehouse)
    return Shop(home, warehouse)
