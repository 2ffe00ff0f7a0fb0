"""The pages in a real browser: all are drawn, with figures and without, and the address bar keeps what was chosen."""

import csv
import io
import re
from collections.abc import Iterator

import polars as pl
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from flowguard_tests.dashboard.conftest import TODAY, at

pytestmark = pytest.mark.browser
PAGES = {"": "sales", "clicks": "clicks", "customers": "customers", "flow": "flow"}
PROBES = ("_stcore/health", "_stcore/host-config")
"""On a page's own address, Streamlit tries where its server is; a browser tells of what is not there."""
PATIENCE_MS = 30_000


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """One that allows neither errors nor requests to others."""
    context = browser.new_context(viewport={"width": 1300, "height": 3000}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if _is_error(message) else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: errors.append(request.url) if "//127.0.0.1:" not in request.url else None)
    yield page
    assert errors == []
    assert page.get_by_test_id("stException").count() == 0
    context.close()


def _is_error(message: ConsoleMessage) -> bool:
    return message.type == "error" and not message.location["url"].endswith(PROBES)


def visit(page: Page, address: str, path: str = "", question: str = "live=false") -> None:
    page.goto(f"{address}/{path}?{question}")
    drawn(page, PAGES[path])


def drawn(page: Page, name: str) -> None:
    page.wait_for_selector(f".st-key-end_of_{name}")
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")
    page.wait_for_function(
        "[...document.querySelectorAll('[data-testid=stVegaLiteChart]')].every((at) => at.querySelector('svg, canvas'))"
    )


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_drawn(page: Page, filled: str, path: str) -> None:
    visit(page, filled, path)
    expect(page.get_by_test_id("stVegaLiteChart").nth(2)).to_be_visible(timeout=PATIENCE_MS)  # they come by and by
    expect(page.get_by_text("Checks hold").first).to_be_visible()
    expect(page.get_by_text("Kafka does not answer").first).to_be_visible()  # none runs here
    expect(page.get_by_text("Days and hours are UTC. One order is one item.")).to_be_visible()


@pytest.mark.parametrize("path", PAGES)
def test_a_home_without_events_says_so(page: Page, empty: str, path: str) -> None:
    visit(page, empty, path)
    expect(page.get_by_text("No events yet").first).to_be_visible()
    assert page.get_by_test_id("stVegaLiteChart").count() == 0
    assert page.get_by_text(re.compile("Nothing|Nobody|No record|No order")).count() >= 3


def test_what_is_chosen_is_kept_by_the_address_bar(page: Page, filled: str) -> None:
    visit(page, filled)
    page.get_by_role("radio", name="7 days").or_(page.get_by_role("button", name="7 days")).click()
    page.get_by_role("combobox", name="Categories").click()
    page.get_by_role("option", name="sweet").click()
    page.wait_for_url(re.compile("category=sweet"))
    assert "period=7+days" in page.url
    page.get_by_text("Clicks and conversion").first.click()
    drawn(page, "clicks")
    assert "category=sweet" in page.url and "period=7+days" in page.url
    expect(page.get_by_text("Nothing was clicked on these days.").first).to_be_visible()  # nobody clicked a sweet


@pytest.mark.parametrize(
    "question",
    [
        "period=a+hundred+days&category=none",
        "category=' OR 1=1 --&live=perhaps",
        "period=Dates&dates=2026-13-99&dates=<script>",
        "period=Dates&dates=1900-01-01&dates=9999-12-31",
    ],
)
def test_anything_may_stand_in_the_address_bar(page: Page, filled: str, question: str) -> None:
    visit(page, filled, "", question)
    expect(page.get_by_test_id("stVegaLiteChart").nth(2)).to_be_visible(timeout=PATIENCE_MS)  # they come by and by
    assert "none" not in page.url and "OR" not in page.url and "script" not in page.url


def test_rows_are_taken_away_as_they_are(page: Page, filled: str) -> None:
    visit(page, filled, "", f"live=false&period=Dates&dates={at(2, '')[:10]}&dates={TODAY}")
    panel = page.locator(".st-key-panel_best_sellers")
    panel.get_by_text("What it says, SQL, download").click()
    expect(panel.get_by_text("FROM gold.food_performance")).to_be_visible()
    with page.expect_download() as download:
        panel.get_by_role("button", name="CSV").click()
    text = download.value.path().read_text()
    assert download.value.suggested_filename == f"best_sellers_{at(2, '')[:10]}_{TODAY}.csv"
    assert [(row["item_id"], row["revenue"]) for row in csv.DictReader(io.StringIO(text))] == [
        ("pie", "20.00"),
        ("soup", "9.50"),
    ]
    with page.expect_download() as download:
        panel.get_by_role("button", name="Parquet").click()
    rows = pl.read_parquet(download.value.path())
    assert rows["item_name"].to_list() == ["Apple Pie", "soup"] and rows.schema["revenue"] == pl.Decimal(38, 2)


def test_names_are_no_markup(page: Page, filled: str) -> None:
    visit(page, filled, "clicks")
    assert page.locator("b", has_text="Salad").count() == 0
