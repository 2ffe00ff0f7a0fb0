"""Looking at the dashboard in a browser: nothing may be complained about, and a page is looked at once it is drawn."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import BrowserContext, ConsoleMessage, Download, Locator, Page

from flowguard_tests.browser import PATIENCE_MS
from tools.chromium import until_drawn

PATHS = {"sales": "", "clicks": "clicks", "customers": "customers", "flow": "flow"}
_EXPECTED = re.compile(r"/_stcore/(health|host-config)$|/v1/sessions/")
"""What may be answered with an error, of which a browser tells: on a page's own address, Streamlit tries where its
server is; and the shop is told to ask again after its session while the machine is busy."""


@contextmanager
def looking(context: BrowserContext) -> Iterator[Page]:
    """A page that may log no error, ask no other host, and show no exception."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(_told(message)) if _is_error(message) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if "//127.0.0.1:" not in request.url else None)
    yield page
    assert not complaints, complaints
    assert page.get_by_test_id("stException").count() == 0
    page.close()


def visit(page: Page, address: str, name: str = "sales", question: str = "live=false") -> None:
    page.goto(f"{address}/{PATHS[name]}?{question}")
    until_drawn(page, name)


def panel(page: Page, name: str) -> Locator:
    """With what is folded up in it open."""
    found = page.locator(f".st-key-panel_{name}")
    found.get_by_text("What it says, SQL, download").click()
    return found


def downloaded(opened: Locator, kind: str) -> Download:
    """What the button of an open panel gives."""
    with opened.page.expect_download() as download:
        opened.get_by_role("button", name=kind).click()
    return download.value


def csv_rows(opened: Locator) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(downloaded(opened, "CSV").path().read_text())))


def _is_error(message: ConsoleMessage) -> bool:
    return message.type == "error" and not _EXPECTED.search(message.location["url"])


def _told(message: ConsoleMessage) -> str:
    return f"{message.text} {message.location['url']}"
