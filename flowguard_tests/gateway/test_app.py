"""The routes beside the hot one."""

import re

import httpx

from flowguard.events.menu import MENU
from flowguard.gateway.answer import STATUS_CODES
from flowguard.gateway.openapi import openapi
from flowguard_tests.gateway.conftest import Serve
from flowguard_tests.gateway.examples import click, encoded, order


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
    files = re.findall(r'(?:src|href)="(?!data:)([^"]+)"', page.text)
    assert {"storefront.css", "storefront.js"} == set(files)
    for file in [*files, "outbox.js"]:
        text = gateway.get(f"/{file}")
        assert text.status_code == 200
        assert "http://" not in text.text
        assert "https://" not in text.text
    assert gateway.get("/app.py").status_code == 404
    assert gateway.get("/../app.py").status_code == 404


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
    schemas = told["components"]["schemas"]
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
