"""Debian's Chromium, for whatever looks at a page: tests, pictures, benchmarks."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from flowguard.errors import MissingComponent

# Without a sandbox as root in a container, and without calls to the browser maker's hosts.
_QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
_QUIET += ["--disable-component-update", "--disable-sync"]
_DRAWN = """
(name) => document.querySelector(`.st-key-end_of_${name}`) && !document.querySelector('[data-testid=stSkeleton]')
  && [...document.querySelectorAll('[data-testid=stVegaLiteChart]')].every((at) => at.querySelector('svg, canvas'))
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """:raises MissingComponent: there is none; the text says how to get it."""
    path = shutil.which("chromium")
    if path is None:
        raise MissingComponent("chromium is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_QUIET)
        yield browser
        browser.close()


def until_drawn(page: Page, name: str) -> None:
    """Until all of the dashboard's page ``name``, such as ``sales``, is there, its charts too."""
    page.wait_for_function(_DRAWN, arg=name)
