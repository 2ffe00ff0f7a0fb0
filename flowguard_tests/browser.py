"""A real browser for the tests that are marked so."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from flowguard_tests.require import require
from tools.chromium import chromium

PATIENCE_MS = 120_000
"""On a busy machine, where the first event of all starts a run, too."""
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Not of the session: while Playwright runs, no other test could run an event loop."""
    require("chromium")
    with chromium() as browser:
        yield browser
