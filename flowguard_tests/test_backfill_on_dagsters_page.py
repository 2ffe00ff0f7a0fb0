"""A backfill that a person launches on Dagster's pages, with the tag that has Spark compute it."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser, Page, expect
from polars.testing import assert_frame_equal

from flowguard.local.backfill import ENGINE_TAG
from flowguard.local.demo.catch_up import catch_up
from flowguard.local.platform import Platform
from flowguard.local.ports import on_free_ports
from flowguard.local.ready import webserver_address
from flowguard.local.shoppers import Plan, history
from flowguard.local.shoppers.sending import deliver
from flowguard.local.webserver import ask
from flowguard.settings import Settings, load_settings
from flowguard.warehouse import Warehouse, open_warehouse
from flowguard_tests.require import require
from flowguard_tests.spark.conftest import QUICK
from flowguard_tests.waiting import wait_until

pytestmark = pytest.mark.browser

SEED, EVENTS, DAYS = 20261126, 300, 3
TABLES = ("silver.orders_cleaned", "silver.attributed_orders", "gold.daily_order_metrics", "gold.funnel_metrics")
CHOSEN = 'group:"2_silver" or key:"gold/daily_order_metrics" or key:"gold/funnel_metrics"'
_BACKFILL = """
{ partitionBackfillsOrError(limit: 1) { ... on PartitionBackfills { results { status tags { key value } } } } }
"""


def test_days_that_are_chosen_there_are_computed_by_spark(browser: Browser, tmp_path: Path) -> None:
    require("embedded-broker")
    require("spark")
    now = datetime.now(UTC).replace(microsecond=0)
    given = {"start_date": now.date() - timedelta(days=DAYS), "spark_master": "local[2]", "spark_conf": QUICK}
    settings = on_free_ports(load_settings(tmp_path / "home", **given))
    with Platform(settings) as platform, closing(open_warehouse(settings)) as warehouse:
        platform.start()
        deliver(history(Plan(SEED, EVENTS, DAYS, now, settings.currency)), settings, lambda _: None)
        for _ in catch_up(settings, warehouse, platform.check):
            pass
        expected = rows(warehouse)
        with warehouse.session() as session, session.transaction():
            for table in TABLES:
                session.execute(f"DELETE FROM {table}")
        with closing(browser.new_page(viewport={"width": 1600, "height": 1200})) as page:
            launch(page, settings, CHOSEN, "spark")
        wait_until(lambda: newest_backfill(settings)[0].startswith("COMPLETED"), 300)
        status, tags = newest_backfill(settings)
        assert (status, tags[ENGINE_TAG]) == ("COMPLETED_SUCCESS", "spark")
        found = rows(warehouse)
    for table in TABLES:
        assert expected[table].height
        assert_frame_equal(found[table], expected[table])


def launch(page: Page, settings: Settings, selection: str, engine: str) -> None:
    """Have all days of the selected assets materialized, as a person does it."""
    page.goto(f"{webserver_address(settings)}/asset-groups/")
    everything = page.get_by_role("button", name="Materialize all").first
    all_of_them = everything.inner_text()
    page.locator(".CodeMirror").first.click()
    page.keyboard.type(selection)
    page.keyboard.press("Enter")
    wait_until(lambda: everything.inner_text() != all_of_them, 60)
    everything.click()
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_text("Tags", exact=True).last.click()
    page.get_by_role("button", name="Add tags").click()
    page.get_by_placeholder("Tag Key").fill(ENGINE_TAG)
    page.get_by_placeholder("Tag Value").fill(engine)
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("button", name="Launch backfill").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def newest_backfill(settings: Settings) -> tuple[str, dict[str, str]]:
    """Its status and tags."""
    [found] = ask(settings, _BACKFILL)["partitionBackfillsOrError"]["results"]
    return found["status"], {tag["key"]: tag["value"] for tag in found["tags"]}


def rows(warehouse: Warehouse) -> dict[str, pl.DataFrame]:
    return {table: warehouse.query(f"SELECT * FROM {table}").sort(pl.all()) for table in TABLES}
