"""Pictures of the storefront, the dashboard, Dagster and a report: what a new home begins with, while shoppers come.

What they show is done on the way: an order, a backfill of five days through the page, a check that fails. Names given
as arguments, such as ``report``, choose among them. Those that the README shows go to docs/images, the others, which
are for looking at, to screenshots.
"""

import re
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser, Page

from flowguard.cli.app import remarks
from flowguard.local import webserver
from flowguard.local.beginning import beginning, until_in_tables
from flowguard.local.platform import Platform
from flowguard.local.ports import on_free_ports
from flowguard.local.ready import dashboard_address, gateway_address, webserver_address
from flowguard.local.shoppers import history
from flowguard.local.shoppers.sending import deliver
from flowguard.report.daily import compose
from flowguard.report.files import write
from flowguard.settings import Settings, load_settings
from flowguard.warehouse import Warehouse, open_warehouse
from tools.chromium import chromium, until_drawn

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
CHOSEN = frozenset(sys.argv[1:])
PATIENCE_MS = 180_000
TALLEST = 1_300
"""Of a picture in the README."""
LIVE = ("--forever", "--rate", "2")
LOOKS = (("", 1400, False), ("_dark", 1400, True), ("_phone", 390, False))
"""What a picture's name ends with, its width, and whether it is dark."""
HEIGHT = "document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight"
GROUPS = ("0_kafka", "1_bronze", "2_silver", "3_gold", "ops")
# The page keeps its settings in the browser: an upright graph fits a screen, and so do low nodes.
GRAPH_SETTINGS = """
localStorage.setItem("asset-graph-direction", JSON.stringify("vertical"))
localStorage.setItem("asset-node-facets", JSON.stringify(["checks", "kind-tag"]))
localStorage.setItem("dagster-nav-collapsed", "true")
localStorage.setItem("large-screen-nav-open", "false")
"""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="flowguard-screenshots-") as home:
        settings = on_free_ports(load_settings(Path(home)))
        with Platform(settings, shoppers=LIVE, dashboard=True, progress=remarks.print) as platform:
            platform.start()
            plan = beginning(settings, datetime.now(UTC))
            assert plan is not None
            deliver(history(plan), settings, lambda records: None)
            for _ in until_in_tables(settings, datetime.now(UTC).date(), platform.check):
                pass
            with closing(open_warehouse(settings)) as warehouse, chromium() as browser:
                take(browser, settings, warehouse)


def take(browser: Browser, settings: Settings, warehouse: Warehouse) -> None:
    """The pictures of the dashboard and of Dagster, in an order in which each finds what it needs."""
    today = datetime.now(UTC).date()
    for look, width, dark in LOOKS:
        height = 800 if width > 1000 else 844
        picture(browser, f"storefront{look}", width, height, lambda page: order_diavola(page, settings), dark=dark)
        for name in ("sales", "clicks", "customers", "flow"):
            show = partial(dashboard, settings=settings, name=name)
            picture(browser, f"dashboard_{name}{look}", width, height, show, dark=dark)
    picture(browser, "report", 1100, 1440, lambda page: report(page, settings, warehouse, today - timedelta(days=1)))
    picture(browser, "backfill", 1300, 560, lambda page: backfill(page, settings, "gold/daily_order_metrics"))
    picture(browser, "assets", 1900, 950, lambda page: asset_graph(page, settings), scale=0.85)
    picture(browser, "partition", 1500, 900, lambda page: partition(page, settings, "gold/food_performance", today))
    break_a_row(warehouse)
    picture(browser, "failed_check", 1500, 900, lambda page: failed_check(page, settings))


def picture(
    browser: Browser,
    name: str,
    width: int,
    height: int,
    show: Callable[[Page], None],
    scale: float = 1,
    dark: bool = False,
) -> None:
    """Take the picture of what ``show`` makes a page show, if it was chosen."""
    if CHOSEN and name not in CHOSEN:
        return
    context = browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=scale,
        color_scheme="dark" if dark else "light",
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    show(page)
    page.wait_for_timeout(1_500)  # pages still move when their content is there
    shown = f"images/{name}.png" in README
    path = ROOT / ("docs/images" if shown else "screenshots") / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    assert page.viewport_size is not None
    tall = page.viewport_size["height"]
    page.screenshot(path=path, clip={"x": 0, "y": 0, "width": width, "height": min(tall, TALLEST) if shown else tall})
    context.close()
    remarks.print(f"{path.relative_to(ROOT)}, {path.stat().st_size / 1024:.0f} KiB")


def order_diavola(page: Page, settings: Settings) -> None:
    page.goto(gateway_address(settings))
    page.get_by_role("button", name="Diavola $").click()
    page.get_by_role("button", name="Order for").click()
    page.get_by_role("button", name="Back to the menu").click()
    page.get_by_text("Credited to your click").wait_for(state="attached")  # on a phone it is folded up
    page.mouse.move(0, 0)  # no card is raised


def dashboard(page: Page, settings: Settings, name: str) -> None:
    """All of it: as high as what is on it."""
    page.goto(f"{dashboard_address(settings)}/{'' if name == 'sales' else name}?live=false")
    until_drawn(page, name)
    assert page.viewport_size is not None
    page.set_viewport_size({"width": page.viewport_size["width"], "height": page.evaluate(HEIGHT)})


def report(page: Page, settings: Settings, warehouse: Warehouse, day: date) -> None:
    page.goto(write(compose(warehouse, settings, day), settings.home).html.as_uri())


def asset_graph(page: Page, settings: Settings) -> None:
    page.add_init_script(GRAPH_SETTINGS)
    expanded = ",".join(f"global@global:{group}" for group in GROUPS)
    page.goto(f"{webserver_address(settings)}/asset-groups/?expanded={quote(expanded)}")
    page.get_by_text("flow_ledger").first.wait_for()
    page.get_by_label("panel_show_right").last.click()  # the list beside the graph


def partition(page: Page, settings: Settings, path: str, day: object) -> None:
    page.goto(f"{webserver_address(settings)}/assets/{path}?view=partitions&partition={day}")
    page.get_by_text("preview").wait_for()


def backfill(page: Page, settings: Settings, path: str) -> None:
    """Launch a backfill of five days as a person does, and wait for its end."""
    last = datetime.now(UTC).date() - timedelta(days=1)
    page.goto(f"{webserver_address(settings)}/assets/{path}?view=partitions")
    page.get_by_role("button", name="Materialize").first.click()
    dialog = page.get_by_role("dialog")
    days = dialog.locator("input[type=text]").first
    days.fill(f"[{last - timedelta(days=4)}...{last}]")
    days.press("Enter")
    dialog.get_by_role("button", name="Launch backfill").click()
    page.goto(f"{webserver_address(settings)}/runs?view=backfills")
    page.locator("a[href*='/runs/b/']").first.click()
    page.get_by_text("Succeeded", exact=True).nth(1).wait_for()  # the first heads a column


def break_a_row(warehouse: Warehouse) -> None:
    """What nothing in FlowGuard would do: write into a table past all rules."""
    cheapest = "SELECT MIN(event_id) FROM silver.orders_cleaned"
    with warehouse.session() as session, session.transaction():
        session.execute(f"UPDATE silver.orders_cleaned SET price = -1 WHERE event_id = ({cheapest})")


def failed_check(page: Page, settings: Settings) -> None:
    page.goto(f"{webserver_address(settings)}/assets/silver/orders_cleaned?view=checks&checkDetail=rows_valid")
    before = webserver.runs_in_flight(settings).keys()
    page.get_by_role("button").filter(has_text=re.compile("^Execute$")).click()
    page.get_by_text("Launched run").wait_for()
    while webserver.runs_in_flight(settings).keys() - before:
        page.wait_for_timeout(500)
    page.reload()
    page.get_by_text("failing row").first.wait_for()


if __name__ == "__main__":
    main()
