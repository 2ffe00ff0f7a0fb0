"""The page in a real browser: what people see, open and order is in Kafka, once."""

import json
import shutil
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright
from pydantic import SecretStr

from flowguard.settings import Settings
from flowguard_tests.gateway.conftest import Serve, Stored
from flowguard_tests.gateway.examples import Json
from flowguard_tests.require import require
from flowguard_tests.waiting import wait_until

pytestmark = pytest.mark.browser
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]
IN_VIEW = 7
"""Cards on a screen of 1100 × 760."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    require("chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1100, "height": 760})
    yield context.new_page()
    context.close()


def visit(page: Page, gateway: httpx.Client) -> None:
    page.goto(str(gateway.base_url))
    page.wait_for_selector(".card")


def events(stored: Stored, topic: str, event_type: str) -> list[Json]:
    found = [json.loads(value) for _, value in stored(topic)]
    return [event for event in found if event["event_type"] == event_type]


def test_a_card_is_an_impression_once_it_is_seen(
    page: Page, gateway: httpx.Client, stored: Stored, settings: Settings
) -> None:
    visit(page, gateway)
    wait_until(lambda: len(events(stored, settings.clicks_topic, "impression")) == IN_VIEW)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    wait_until(lambda: "espresso" in str(stored(settings.clicks_topic)))
    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    page.evaluate("new Promise((resolve) => setTimeout(resolve, 700))")  # the page's own timers fire before this one
    page.get_by_role("button", name="Order Margherita").click()
    page.wait_for_selector("#message.good")
    seen = events(stored, settings.clicks_topic, "impression")
    assert len({event["item_id"] for event in seen}) == len(seen) > IN_VIEW
    assert stored(settings.rejected_topic) == []


def test_a_click_and_an_order_carry_who_what_and_how_much(
    page: Page, gateway: httpx.Client, stored: Stored, settings: Settings
) -> None:
    visit(page, gateway)
    page.get_by_role("button", name="Diavola $").click()
    page.get_by_role("button", name="Order Diavola").click()
    page.wait_for_selector("#message.good")
    (order,) = events(stored, settings.orders_topic, "order_placed")
    assert (order["item_id"], order["price"], order["currency"]) == ("diavola", "11.90", "USD")
    wait_until(lambda: events(stored, settings.clicks_topic, "click"))
    (click,) = events(stored, settings.clicks_topic, "click")
    same = ("user_id", "session_id", "item_id", "item_name", "category")
    assert [click[name] for name in same] == [order[name] for name in same]
    assert click["position"] == 1


def test_a_click_survives_the_tab_that_closes(
    page: Page, gateway: httpx.Client, stored: Stored, settings: Settings
) -> None:
    visit(page, gateway)
    page.get_by_role("button", name="Diavola $").click()
    page.close()
    wait_until(lambda: events(stored, settings.clicks_topic, "click"))


def test_an_order_is_sent_again_with_the_same_id_until_it_is_confirmed(
    page: Page, gateway: httpx.Client, stored: Stored, settings: Settings
) -> None:
    attempts: list[Json] = []

    def lose_the_first_answers(route: Route) -> None:
        orders = [event for event in route.request.post_data_json if event["event_type"] == "order_placed"]
        attempts.extend(orders)
        if orders and len(attempts) == 1:
            route.abort()
        elif orders and len(attempts) == 2:
            route.fulfill(status=503, headers={"Retry-After": "1"}, json={"accepted": 0, "refused": 0, "events": []})
        else:
            route.continue_()

    visit(page, gateway)
    page.route("**/v1/events", lose_the_first_answers)
    page.get_by_role("button", name="Order Diavola").click()
    page.wait_for_selector("#message.good")
    assert len(attempts) == 3
    (order,) = events(stored, settings.orders_topic, "order_placed")
    assert {attempt["event_id"] for attempt in attempts} == {order["event_id"]}


def test_what_a_page_could_not_send_is_sent_by_the_next(
    page: Page, gateway: httpx.Client, stored: Stored, settings: Settings
) -> None:
    page.route("**/v1/events", lambda route: route.abort())
    visit(page, gateway)
    page.get_by_role("button", name="Diavola $").click()
    page.unroute("**/v1/events")
    other = page.context.new_page()
    page.close()
    visit(other, gateway)
    wait_until(lambda: events(stored, settings.clicks_topic, "click"))


def test_a_key_is_asked_for(page: Page, serve: Serve, stored: Stored, settings: Settings) -> None:
    with serve(gateway_api_keys=(SecretStr("open sesame"),)) as gateway:
        visit(page, gateway)
        page.get_by_role("button", name="Order Diavola").click()
        page.get_by_label("This shop asks for a key").fill("open sesame")
        page.keyboard.press("Enter")
        page.wait_for_selector("#message.good")
        assert len(events(stored, settings.orders_topic, "order_placed")) == 1
        page.close()
