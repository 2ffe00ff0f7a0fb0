"""The pages in a real browser: all are drawn, with figures and without, and the address bar keeps what was chosen."""

import re
from collections.abc import Iterator
from csv import DictReader

import polars as pl
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from flowguard_tests.dashboard.conftest import TODAY, at
from flowguard_tests.dashboard.look import PATHS, downloaded, looking, panel, visit
from tools.chromium import until_drawn

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One for all pages, which keeps Streamlit's scripts."""
    context = browser.new_context(viewport={"width": 1300, "height": 3000})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    with looking(context) as page:
        yield page


@pytest.mark.parametrize("name", PATHS)
def test_a_page_is_drawn(page: Page, filled: str, name: str) -> None:
    visit(page, filled, name)
    expect(page.get_by_test_id("stVegaLiteChart").nth(2)).to_be_visible()  # they come by and by
    expect(page.get_by_text("Checks hold").first).to_be_visible()
    expect(page.get_by_text("Kafka does not answer").first).to_be_visible()  # none runs here
    expect(page.get_by_text("Days and hours are UTC. One order is one item.")).to_be_visible()


@pytest.mark.parametrize("name", PATHS)
def test_a_home_without_events_says_so(page: Page, empty: str, name: str) -> None:
    visit(page, empty, name)
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
    until_drawn(page, "clicks")
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
    visit(page, filled, "sales", question)
    expect(page.get_by_test_id("stVegaLiteChart").nth(2)).to_be_visible()  # they come by and by
    assert "none" not in page.url and "OR" not in page.url and "script" not in page.url


def test_rows_are_taken_away_as_they_are(page: Page, filled: str) -> None:
    visit(page, filled, "sales", f"live=false&period=Dates&dates={at(2, '')[:10]}&dates={TODAY}")
    opened = panel(page, "best_sellers")
    expect(opened.get_by_text("FROM gold.food_performance")).to_be_visible()
    csv, parquet = downloaded(opened, "CSV"), downloaded(opened, "Parquet")
    assert csv.suggested_filename == f"best_sellers_{at(2, '')[:10]}_{TODAY}.csv"
    assert [(row["item_id"], row["revenue"]) for row in DictReader(csv.path().open())] == [
        ("pie", "20.00"),
        ("soup", "9.50"),
    ]
    rows = pl.read_parquet(parquet.path())
    assert rows["item_name"].to_list() == ["Apple Pie", "soup"] and rows.schema["revenue"] == pl.Decimal(38, 2)


def test_names_are_no_markup(page: Page, filled: str) -> None:
    visit(page, filled, "clicks")
    assert page.locator("b", has_text="Salad").count() == 0
