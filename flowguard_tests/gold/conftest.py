"""A shop whose warehouse is empty at the start of each test."""

import pytest

from flowguard.settings import Settings
from flowguard.warehouse import Warehouse
from flowguard_tests.gold.shop import Shop


@pytest.fixture
def shop(home: Settings, warehouse: Warehouse) -> Shop:
    return Shop(home, warehouse)
