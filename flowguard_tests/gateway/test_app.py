"""The routes beside the hot one."""

import re
from xml.etree import ElementTree

import httpx

from flowguard.events.menu import MENU
from flowguard.gateway.answer import STATUS_CODES
from flowguard.gateway.openapi import openapi
from flowguard.gateway.page import FOLDER
from flowguard_tests.gateway.conftest import Serve
from flowguard_tests.gateway.examples import click, encoded, order

SVG = "http://www.w3.org/2000/svg"
"""The name of a language, not an address."""


def test_the_menu_is_the_shops_with_exact_prices(gateway: httpx.Client) -> None:
    told = gateway.get("/v1/menu").json()
    assert told["currency"] == "USD"
    items = [
        (item["item_id"], item["item_name"], section["category"], item["price"])
        for section in told["sections"]
        for item in section["items"]
    ]
    assert items == [(item.item_id, item.item_name, item.category, str(item.price)) for item in MENU]


def test_the_storefront_brings_all_it_needs_itself(gateway: httpx.Client) -> None:
    page = gateway.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert re.search("<script>|<style>| style=| on[a-z]+=", page.text) is None  # what the policy would refuse
    found, known = [""], set()
    while found:
        file = found.pop()
        answer = gateway.get(f"/{file}")
        assert answer.status_code == 200, file
        assert "http://" not in answer.text.replace(SVG, "")
        assert "https://" not in answer.text
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        known.add(file)
        named = re.findall(r'(?:src|href)="(?!#)([^"]+)"|from "\./([^"]+)"', answer.text)
        found += {one or other for one, other in named} - known - set(found)
    assert known - {""} == {file.name for file in FOLDER.iterdir() if file.is_file()} - {"index.html"}
    assert gateway.get("/app.py").status_code == 404
    assert gateway.get("/../app.py").status_code == 404


def test_each_dish_is_drawn(gateway: httpx.Client) -> None:
    drawn = {file.stem: file for file in (FOLDER / "dishes").iterdir()}
    assert drawn.keys() == {item.item_id for item in MENU} | {"dish"}
    for file in drawn.values():
        picture = ElementTree.parse(file).getroot()
        assert picture.get("viewBox") == "0 0 160 120"
        assert file.stat().st_size < 12_000
    assert gateway.get("/dishes/ramen.svg").headers["content-type"].startswith("image/svg+xml")


def test_metrics_count_what_was_answered(gateway: httpx.Client) -> None:
    gateway.post("/v1/events", content=encoded([order(), click(), order(price=0)]))
    gateway.post("/v1/events", content=encoded(order()))
    gateway.post("/v1/events", content=b"{")
    answer = gateway.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert 'flowguard_gateway_requests_total{code="200"} 1' in lines
    assert 'flowguard_gateway_requests_total{code="207"} 1' in lines
    assert 'flowguard_gateway_requests_total{code="400"} 1' in lines
    assert 'flowguard_gateway_events_total{status="accepted"} 3' in lines
    assert 'flowguard_gateway_events_total{status="refused"} 2' in lines
    assert 'flowguard_gateway_refused_total{rule="price"} 1' in lines
    assert "flowguard_gateway_pending_events 0" in lines
    assert 'flowguard_gateway_answer_seconds_bucket{le="+Inf"} 3' in lines
    assert all(re.fullmatch(r'# (HELP|TYPE) .+|\w+(\{\w+="[^"]+"\})? [\d.]+', line) for line in lines)


def test_the_interface_is_described_from_its_types(gateway: httpx.Client) -> None:
    told = gateway.get("/openapi.json").json()
    assert told == openapi()
    assert set(told["paths"]["/v1/events"]["post"]["responses"]) == {str(status) for status in STATUS_CODES}
    session = told["paths"]["/v1/sessions/{session_id}/events"]["get"]
    assert {"200", "400", "404", "503"} <= set(session["responses"])
    schemas = told["components"]["schemas"]
    assert {"event_id", "happened_at", "in_kafka_at", "in_silver_at"} <= set(schemas["SeenEvent"]["required"])
    assert {"event_id", "order_id", "price", "event_timestamp"} <= set(schemas["OrderPlaced"]["required"])
    references = set(re.findall(r"#/components/schemas/(\w+)", str(told)))
    assert references <= set(schemas)


def test_it_lives_without_a_broker_but_is_not_ready(serve: Serve) -> None:
    with serve(wait_ready=False, kafka_bootstrap_servers="127.0.0.1:1") as client:
        assert client.get("/health/live").status_code == 200
        ready = client.get("/health/ready")
        assert ready.status_code == 503
        assert ready.json()["message"]
        answer = client.post("/v1/events", content=encoded(order()))
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
