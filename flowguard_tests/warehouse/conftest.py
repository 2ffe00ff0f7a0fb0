"""One fakesnow server for all tests that ask for it: it takes seconds to start."""

from collections.abc import Iterator

import pytest

from flowguard.settings import Settings
from flowguard_tests.warehouse.fakesnow import fakesnow


@pytest.fixture(scope="package")
def on_fakesnow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A home whose tables are on the server."""
    with fakesnow(tmp_path_factory.mktemp("snowflake")) as settings:
        yield settings
