"""What clients send, what they are told, and what Kafka then holds."""

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest
from pydantic import SecretStr

from flowguard.settings import Settings
from flowguard_tests.gateway.conftest import Serve, Stored
from flowguard_tests.gateway.examples import Json, click, encoded, order
from flowguard_tests.gateway.test_ingest import BAD

EVENTS = "/v1/events"


def send(client: httpx.Client, body: bytes, **headers: str) -> httpx.Response:
    return client.post(EVENTS, content=body, headers={"Content-Type": "application/json", **headers})


def test_an_accepted_event_is_in_kafka_when_the_answer_comes(
    gateway: httpx.Client, stored: Stored, settings: Settings
) -> None:
    raw = encoded(order(event_id="e1"))
    answer = send(gateway, raw)
    assert stored(settings.orders_topic) == [(b"ada", raw)]
    assert answer.status_code == 200
    assert answer.json() == {"accepted": 1, "refused": 0, "events": [{"event_id": "e1", "status": "accepted"}]}


def test_a_batch_is_answered_event_by_event(gateway: httpx.Client, stored: Stored, settings: Settings) -> None:
    events = [order(event_id="e1"), click(event_id="e2"), order(event_id="e3", price="-2"), {"event_id": "e4"}]
    answer = send(gateway, encoded({"events": events}))
    assert answer.status_code == 207
    told = answer.json()
    assert (told["accepted"], told["refused"]) == (2, 2)
    assert [
        (entry["event_id"], entry["status"], entry.get("rule"), entry.get("field")) for entry in told["events"]
    ] == [
        ("e1", "accepted", None, None),
        ("e2", "accepted", None, None),
        ("e3", "refused", "price", "price"),
        ("e4", "refused", "missing_field", "event_type"),
    ]
    assert [value for _, value in stored(settings.orders_topic)] == [encoded(events[0])]
    assert [value for _, value in stored(settings.clicks_topic)] == [encoded(events[1])]
    assert sorted(base64.b64decode(kept["payload"]) for kept in _kept(stored, settings)) == sorted(
        map(encoded, events[2:])
    )


@pytest.mark.parametrize(
    "several",
    [encoded([order(), click()]), encoded({"events": [order(), click()]})],
    ids=["an array", "an object"],
)
def test_both_forms_of_a_batch_are_taken(gateway: httpx.Client, several: bytes) -> None:
    answer = send(gateway, several)
    assert (answer.status_code, answer.json()["accepted"]) == (200, 2)


def test_an_empty_batch_changes_nothing(gateway: httpx.Client) -> None:
    answer = send(gateway, b"[]")
    assert (answer.status_code, answer.json()) == (200, {"accepted": 0, "refused": 0, "events": []})


def test_all_bad_input_is_told_and_kept(gateway: httpx.Client, stored: Stored, settings: Settings) -> None:
    for body, rule, field in BAD:
        answer = send(gateway, body)
        assert answer.status_code == (400 if rule == "unreadable" else 422), body[:80]
        (entry,) = answer.json()["events"]
        assert (entry["status"], entry["rule"], entry.get("field")) == ("refused", rule, field)
        assert entry["message"]
    kept = _kept(stored, settings)
    assert sorted(record["rule"] for record in kept) == sorted(rule for _, rule, _ in BAD)
    assert {record["client"] for record in kept} == {"127.0.0.1"}
    assert stored(settings.orders_topic) == stored(settings.clicks_topic) == []


def test_many_at_once_are_each_stored_once(gateway: httpx.Client, stored: Stored, settings: Settings) -> None:
    events = [encoded(click(event_id=f"e{number}")) for number in range(300)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda event: send(gateway, event), events))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(value for _, value in stored(settings.clicks_topic)) == sorted(events)


def test_other_methods_are_not_possible(gateway: httpx.Client) -> None:
    answer = gateway.get(EVENTS)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_a_body_that_is_too_large_is_refused_while_it_comes(serve: Serve, stored: Stored, settings: Settings) -> None:
    taken = []

    def endless() -> Iterator[bytes]:
        for number in range(100_000):
            taken.append(number)
            yield b" " * 4096

    with serve(gateway_max_body_bytes=2000) as client:
        announced = send(client, b" " * 2001)
        assert announced.status_code == 413
        assert "2000 bytes" in announced.json()["message"]
        # The connection may be closed on a client that goes on sending.
        with suppress(httpx.WriteError, httpx.RemoteProtocolError):
            assert client.post(EVENTS, content=endless()).status_code == 413
        assert len(taken) < 50_000
        assert send(client, encoded(order())).status_code == 200
    assert _kept(stored, settings) == []


def test_a_batch_of_too_many_is_refused(serve: Serve, stored: Stored, settings: Settings) -> None:
    with serve(gateway_max_batch=2) as client:
        assert send(client, encoded([click()] * 2)).status_code == 200
        answer = send(client, encoded([click()] * 3))
    assert answer.status_code == 413
    assert "at most 2" in answer.json()["message"]
    assert len(stored(settings.clicks_topic)) == 2


def test_a_key_is_asked_for_where_there_are_keys(serve: Serve, stored: Stored, settings: Settings) -> None:
    with serve(gateway_api_keys=(SecretStr("first"), SecretStr("second"))) as client:
        refused = [{}, {"X-API-Key": "third"}, {"X-API-Key": ""}, {"Authorization": "Basic first"}]
        assert {send(client, encoded(order(price=0)), **headers).status_code for headers in refused} == {401}
        known = [{"X-API-Key": "first"}, {"Authorization": "Bearer second"}]
        assert {send(client, encoded(order(price=0)), **headers).status_code for headers in known} == {422}
        assert client.get("/").status_code == 200
    assert sorted(record["client"] for record in _kept(stored, settings)) == ["key 1", "key 2"]


def test_pages_of_other_origins_need_to_be_allowed(serve: Serve, stored: Stored, settings: Settings) -> None:
    allowed, foreign = "https://shop.example", "https://other.example"
    with serve(gateway_cors_origins=(allowed,)) as client:
        own = str(client.base_url).rstrip("/")
        origins = (allowed, foreign, own, "null", "http://[")
        answers = {origin: send(client, encoded(click()), Origin=origin) for origin in origins}
        assert [answer.status_code for answer in answers.values()] == [200, 403, 200, 403, 403]
        assert answers[allowed].headers["Access-Control-Allow-Origin"] == allowed
        assert "Access-Control-Allow-Origin" not in answers[foreign].headers
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-api-key"}
        preflights = [client.options(EVENTS, headers={"Origin": origin, **asked}) for origin in (allowed, foreign)]
        assert [answer.status_code for answer in preflights] == [200, 400]
    assert len(stored(settings.clicks_topic)) == 2


def test_a_client_that_sends_too_much_is_told_when_to_come_back(serve: Serve) -> None:
    with serve(gateway_rate_limit=1) as client:
        assert send(client, encoded([click()] * 5)).status_code == 200
        answer = send(client, encoded(click()))
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 5


def _kept(stored: Stored, settings: Settings) -> list[Json]:
    return [json.loads(value) for _, value in stored(settings.rejected_topic)]
