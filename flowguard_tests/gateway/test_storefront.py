"""The page in a real browser: what people see, open and order is in Kafka, once, and they see it arrive."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect
from pydantic import SecretStr

from flowguard.local.ports import free_port
from flowguard.settings import Settings
from flowguard_tests.gateway.conftest import Serve, Stored
from flowguard_tests.gateway.examples import Json
from flowguard_tests.rounds.flow import opened, rolled
from flowguard_tests.waiting import wait_until

pytestmark = pytest.mark.browser
AT_FIRST = {
    "margherita",
    "diavola",
    "quattro-formaggi",
    "marinara",
    "classic-burger",
    "cheeseburger",
    "mushroom-burger",
}
"""Dishes of which at least half is on a screen of 1280 × 800."""


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complains about: errors of the page, and answers that are none."""
    return []


@pytest.fixture
def page(browser: Browser, complaints: list[str]) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-US", reduced_motion="reduce")
    context.on("weberror", lambda failed: complaints.append(str(failed.error)))
    context.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    yield context.new_page()
    context.close()
    # That a gateway does not answer is what some tests are about.
    assert [text for text in complaints if "Failed to load resource" not in text] == []


def visit(page: Page, gateway: httpx.Client) -> None:
    page.goto(str(gateway.base_url))
    page.wait_for_selector(".card")


def look_at(page: Page, dish: str) -> Locator:
    """Click on a dish; returns the dialog."""
    page.get_by_role("button", name=f"{dish} $").click()
    return page.get_by_role("dialog", name=dish)


def order(page: Page, dish: str) -> Locator:
    dialog = look_at(page, dish)
    dialog.get_by_role("button", name="Order for").click()
    return dialog


def step(page: Page, text: str) -> Locator:
    """An event in the panel."""
    return page.locator("#trail .step").filter(has_text=text)


def events(stored: Stored, topic: str, event_type: str) -> list[Json]:
    found = [json.loads(value) for _, value in stored(topic)]
    return [event for event in found if event["event_type"] == event_type]


def test_a_card_is_an_impression_once_it_is_seen(
    page: Page, gateway: httpx.Client, stored: Stored, settings: Settings
) -> None:
    def seen() -> list[object]:
        return [event["item_id"] for event in events(stored, settings.clicks_topic, "impression")]

    visit(page, gateway)
    wait_until(lambda: len(seen()) >= len(AT_FIRST))
    assert set(seen()) == AT_FIRST
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    wait_until(lambda: "espresso" in seen())
    page.evaluate("scrollTo(0, 0)")
    page.evaluate("new Promise((resolve) => setTimeout(resolve, 1200))")  # the page's own timers fire before this one
    expect(order(page, "Margherita").get_by_text("Ordered.")).to_be_visible()
    assert len(set(seen())) == len(seen()) > len(AT_FIRST)
    assert stored(settings.rejected_topic) == []


def test_an_order_is_confirmed_and_seen_in_silver_with_the_click_that_led_to_it(
    page: Page, gateway: httpx.Client, stored: Stored, settings: Settings, complaints: list[str]
) -> None:
    quick = settings.model_copy(update={"quiet_time": timedelta(milliseconds=200)})
    with opened(quick) as warehouse:
        visit(page, gateway)
        dialog = order(page, "Diavola")
        expect(dialog.get_by_text("Ordered.")).to_be_visible()
        (placed,) = events(stored, settings.orders_topic, "order_placed")
        assert (placed["item_id"], placed["price"], placed["currency"]) == ("diavola", "11.90", "USD")
        for told in ("$11.90", str(placed["order_id"])[:8].upper(), str(placed["event_id"])[:8].upper()):
            expect(dialog.locator("dl")).to_contain_text(told)
        dialog.get_by_role("button", name="Back to the menu").click()
        expect(dialog).to_be_hidden()
        wait_until(lambda: len(events(stored, settings.clicks_topic, "impression")) == len(AT_FIRST))
        (click,) = events(stored, settings.clicks_topic, "click")
        same = ("user_id", "session_id", "item_id", "item_name", "category")
        assert [click[name] for name in same] == [placed[name] for name in same]
        assert click["position"] == 1

        ordered = step(page, "Ordered Diavola")
        expect(ordered.locator(".reached")).to_have_text([re.compile("Sent"), re.compile(r"In Kafka \+[\d.]+ s")])
        rolled(quick, warehouse)
        expect(ordered.locator(".reached").last).to_have_text(re.compile(r"In SILVER \+[\d.]+ s"))
        expect(ordered).to_contain_text("Credited to your click on Diavola")
        expect(step(page, "Clicked Diavola").locator(".reached")).to_have_count(3)
        counts = page.locator("#trail tbody tr")
        expect(counts).to_have_text([f"Seen{len(AT_FIRST)}{len(AT_FIRST)}{len(AT_FIRST)}", "Clicked111", "Ordered111"])
        page.reload()  # what is known of this visit is still there, and nothing is sent again
        expect(step(page, "Ordered Diavola").locator(".reached")).to_have_count(3)
    assert len(events(stored, settings.orders_topic, "order_placed")) == 1
    assert len(events(stored, settings.clicks_topic, "click")) == 1
    assert complaints == []


def test_a_click_survives_the_tab_that_closes(
    page: Page, gateway: httpx.Client, stored: Stored, settings: Settings
) -> None:
    visit(page, gateway)
    look_at(page, "Diavola")
    page.close()
    wait_until(lambda: events(stored, settings.clicks_topic, "click"))


def test_an_order_is_sent_again_with_the_same_id_until_it_is_confirmed(
    page: Page, serve: Serve, stored: Stored, settings: Settings
) -> None:
    attempts: list[Json] = []

    def lose_the_first_answers(route: Route) -> None:
        orders = [event for event in route.request.post_data_json if event["event_type"] == "order_placed"]
        attempts.extend(orders)
        if orders and len(attempts) == 1:
            route.fulfill(status=503, headers={"Retry-After": "1"}, json={"accepted": 0, "refused": 0, "events": []})
        else:
            route.continue_()

    port = free_port()
    with serve(port=port) as gateway:
        visit(page, gateway)
    page.route("**/v1/events", lose_the_first_answers)
    dialog = order(page, "Diavola")  # the gateway is away
    expect(dialog.get_by_text("Not stored yet")).to_be_visible()
    expect(page.locator("#away")).to_contain_text("will be sent again")
    page.keyboard.press("Escape")
    look_at(page, "Diavola")
    with serve(port=port):
        expect(page.locator("#message")).to_be_visible()
        (placed,) = events(stored, settings.orders_topic, "order_placed")
        expect(page.locator("#message")).to_contain_text(f"order {str(placed['order_id'])[:8].upper()}")
        expect(dialog.get_by_role("button", name="Order for")).to_be_enabled()  # that would be another one
        expect(page.locator("#away")).to_be_empty()
        page.close()
    assert len(attempts) >= 2
    assert {attempt["event_id"] for attempt in attempts} == {placed["event_id"]}


def test_what_a_page_could_not_send_is_sent_by_the_next_but_not_while_it_is_open(
    page: Page, gateway: httpx.Client, stored: Stored, settings: Settings
) -> None:
    def clicked() -> list[object]:
        return [event["item_id"] for event in events(stored, settings.clicks_topic, "click")]

    page.route("**/v1/events", lambda route: route.abort())
    visit(page, gateway)
    look_at(page, "Diavola")
    other = page.context.new_page()
    visit(other, gateway)
    look_at(other, "Marinara")
    wait_until(lambda: "marinara" in clicked())
    assert clicked() == ["marinara"]
    page.close()
    wait_until(lambda: "diavola" in clicked())
    expect(other.locator("#away")).to_be_empty()
    assert sorted(map(str, clicked())) == ["diavola", "marinara"]


def test_a_key_is_asked_for_and_a_gateway_without_tables_says_so(
    page: Page, serve: Serve, stored: Stored, settings: Settings
) -> None:
    with serve(gateway_api_keys=(SecretStr("open sesame"),), gateway_show_events=False) as gateway:
        visit(page, gateway)
        dialog = order(page, "Diavola")
        page.get_by_label("This shop asks for a key").fill("open sesame")
        page.keyboard.press("Enter")
        expect(dialog.get_by_text("Ordered.")).to_be_visible()
        assert len(events(stored, settings.orders_topic, "order_placed")) == 1
        expect(page.locator("#trail .state")).to_contain_text("does not read the tables")
        page.close()


def test_the_menu_is_searched_and_used_with_the_keyboard_alone(page: Page, gateway: httpx.Client) -> None:
    visit(page, gateway)
    search = page.get_by_label("Search the menu")
    search.fill("sushi")
    expect(page.locator(".card:visible")).to_have_count(0)
    expect(page.get_by_text("There is nothing like “sushi”")).to_be_visible()
    page.get_by_role("button", name="Show everything").press("Enter")
    expect(page.locator(".card:visible")).to_have_count(22)
    search.fill("tiramisu DESS")
    expect(page.locator(".card:visible")).to_have_text(re.compile("Tiramisù"))
    search.press("Tab")
    page.keyboard.press("Tab")  # over the category
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Order for $6.20")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Tiramisù $")).to_be_focused()


def test_it_fits_a_phone(page: Page, gateway: httpx.Client) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    visit(page, gateway)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    panel = page.locator("#trail .inside")
    expect(panel).to_be_hidden()
    page.locator("#trail summary").click()
    expect(panel).to_be_visible()
