"""A session sees what became of its own events, and of nobody else's."""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID, uuid1, uuid4

import httpx
import pytest
from pydantic import SecretStr

from flowguard.settings import Settings
from flowguard_tests.gateway.conftest import Serve
from flowguard_tests.gateway.examples import Json, click, encoded, order
from flowguard_tests.rounds.flow import opened, rolled

QUICK = {"quiet_time": timedelta(milliseconds=200)}
MINE, OTHER, NEW = str(uuid4()), str(uuid4()), str(uuid4())


def ago(**time: float) -> str:
    return (datetime.now(UTC) - timedelta(**time)).isoformat()


def seen(gateway: httpx.Client, session: str) -> list[Json]:
    answer = gateway.get(f"/v1/sessions/{session}/events")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    events: list[Json] = answer.json()["events"]
    return events


def test_a_session_sees_its_own_events_arrive_and_no_others(gateway: httpx.Client, settings: Settings) -> None:
    before = gateway.get(f"/v1/sessions/{uuid4()}/events")
    assert before.status_code == 503, "there are no tables yet"
    assert int(before.headers["Retry-After"]) > 0
    assert str(settings.home) not in before.text
    sent = [
        click(event_id="old", session_id=MINE, event_timestamp=ago(hours=25)),
        click(event_id="click", session_id=MINE, item_id="diavola", event_timestamp=ago(minutes=4)),
        order(event_id="order", session_id=MINE, order_id="o-1", event_timestamp=ago(minutes=3)),
        click(event_id="elsewhere", session_id=OTHER, user_id="bob", item_id="secret", event_timestamp=ago(minutes=3)),
        order(event_id="claimed", session_id=MINE, user_id="bob", event_timestamp=ago(minutes=2)),
        order(event_id="unled", session_id=MINE, user_id="cleo", event_timestamp=ago(minutes=1)),
        click(event_id="nobody's", user_id="dan"),
    ]
    with opened(settings.model_copy(update=QUICK)) as warehouse:
        assert seen(gateway, NEW) == []
        assert gateway.post("/v1/events", content=encoded(sent)).json()["accepted"] == len(sent)
        rolled(settings.model_copy(update=QUICK), warehouse)
        mine = seen(gateway, MINE)
        assert [event["event_id"] for event in mine] == ["unled", "claimed", "order", "click"]
        assert [event["event_id"] for event in seen(gateway, OTHER)] == ["elsewhere"]
        assert seen(gateway, str(uuid4())) == []
    unled, claimed, ordered, clicked = mine
    assert unled["credit"] == {"to": "nothing"}
    assert claimed["credit"] == {"to": "another_session"}  # whoever claims to be bob learns no more
    assert (ordered["order_id"], ordered["event_type"]) == ("o-1", "order_placed")
    assert ordered["credit"] == {
        "to": "click",
        "event_id": "click",
        "item_id": "diavola",
        "item_name": "diavola",
        "seconds_to_order": 60,
    }
    assert "credit" not in clicked
    for event in mine:
        happened, in_kafka, in_silver = (
            datetime.fromisoformat(str(event[name])) for name in ("happened_at", "in_kafka_at", "in_silver_at")
        )
        assert happened < in_kafka <= in_silver <= datetime.now(UTC)


@pytest.mark.parametrize(
    "session",
    [
        *("ada", "1", "%", f"{MINE}0", MINE[:-1], MINE.upper().replace("4", "A"), UUID(MINE).hex, str(uuid1())),
        *("' OR '1'='1", f"{MINE}' OR TRUE --", f"{MINE}%0A", "00000000-0000-0000-0000-000000000000"),
    ],
    ids=count(),
)
def test_what_is_no_random_uuid_is_refused(gateway: httpx.Client, session: str) -> None:
    answer = gateway.get(f"/v1/sessions/{session}/events")
    assert answer.status_code == 400
    assert "random UUID" in answer.json()["message"]


def test_sessions_are_not_listed(gateway: httpx.Client) -> None:
    assert [gateway.get(path).status_code for path in ("/v1/sessions", "/v1/sessions/", "/v1/sessions//events")] == [
        *(404, 404, 404)
    ]


def test_a_gateway_that_is_told_so_reads_no_tables(serve: Serve) -> None:
    with serve(wait_ready=False, gateway_show_events=False) as gateway:
        answer = gateway.get(f"/v1/sessions/{MINE}/events")
        assert answer.status_code == 404
        assert "FLOWGUARD_GATEWAY_SHOW_EVENTS" in answer.json()["message"]


def test_keys_and_the_rate_hold_for_looking_too(serve: Serve) -> None:
    path, key = f"/v1/sessions/{MINE}/events", {"X-API-Key": "open sesame"}
    keys = {"gateway_api_keys": (SecretStr("open sesame"),), "gateway_rate_limit": 2}
    with serve(wait_ready=False, gateway_show_events=False, **keys) as gateway:
        assert gateway.get(path).status_code == 401
        assert gateway.get(path, headers={**key, "Origin": "http://elsewhere"}).status_code == 403
        answers = [gateway.get(path, headers=key) for _ in range(8)]
        limited = [answer for answer in answers if answer.status_code == 429]
        assert limited
        assert int(limited[0].headers["Retry-After"]) > 0
