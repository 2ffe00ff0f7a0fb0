"""The platform as `make up` starts it, as people see it: what is ordered in the shop is on the dashboard."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from flowguard.local.platform import Platform
from flowguard.local.ports import on_free_ports
from flowguard.local.ready import dashboard_address, gateway_address
from flowguard.settings import Settings, load_settings
from flowguard_tests.dashboard.look import csv_rows, looking, panel
from flowguard_tests.require import require
from tools.chromium import until_drawn

pytestmark = pytest.mark.browser


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Of a platform that runs."""
    require("embedded-broker")
    own = on_free_ports(load_settings(tmp_path / "home"))
    with Platform(own, dashboard=True) as platform:
        platform.start()
        yield own
        platform.check()


def test_an_order_and_the_click_that_led_to_it_are_on_the_dashboard(browser: Browser, settings: Settings) -> None:
    context = browser.new_context(viewport={"width": 1300, "height": 3000})
    with looking(context) as page:
        order(page, settings)
    with looking(context) as page:
        page.goto(f"{dashboard_address(settings)}/?period=7+days")
        until_drawn(page, "sales")
        orders = page.get_by_test_id("stMetric").filter(has_text=re.compile("^Orders"))
        expect(orders.get_by_test_id("stMetricValue")).to_have_text("1")  # it refreshes by itself
        expect(page.locator(".st-key-panel_today")).to_contain_text("Checks hold")
        (sold,) = csv_rows(panel(page, "best_sellers"))
        assert (sold["item_name"], sold["orders"], sold["revenue"]) == ("Diavola", "1", "11.90")

        page.get_by_role("link", name="Clicks and conversion").click()
        until_drawn(page, "clicks")
        names = ("category", "clicks", "converted_clicks", "attributed_orders", "attributed_revenue")
        found = [tuple(row[name] for name in names) for row in csv_rows(panel(page, "conversion_by_category"))]
        assert [row for row in found if row[1:3] != ("0", "0")] == [("pizza", "1", "1", "1", "11.90")]
    context.close()


def order(page: Page, settings: Settings) -> None:
    """Click a dish and order it, and see both arrive."""
    page.goto(gateway_address(settings))
    page.get_by_role("button", name="Diavola $").click()
    page.get_by_role("button", name="Order for").click()
    expect(page.get_by_text("Ordered.")).to_be_visible()
    page.get_by_role("button", name="Back to the menu").click()
    for what in ("Clicked Diavola", "Ordered Diavola"):
        step = page.locator("#trail .step").filter(has_text=what)
        expect(step.locator(".reached").last).to_contain_text("In SILVER")
    expect(step).to_contain_text("Credited to your click on Diavola")
