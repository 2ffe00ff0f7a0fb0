"""Each way of breaking the contract has a rule with a name."""

import json

import msgspec
import pytest

from flowguard.events.contract import UNDECODABLE, check_bytes, control_character, explain, fit, read_event, read_order
from flowguard.events.model import Click, OrderPlaced

ORDER = {
    "event_id": "e1",
    "event_type": "order_placed",
    "order_id": "o1",
    "user_id": "u1",
    "item_id": "ramen",
    "price": 12.5,
    "event_timestamp": "2026-11-21T18:03:11.250+02:00",
}


def order(**changes: object) -> bytes:
    return json.dumps({name: value for name, value in {**ORDER, **changes}.items() if value is not ...}).encode()


@pytest.mark.parametrize(
    ("raw", "rule", "field"),
    [
        (b"", "unreadable", None),
        (b"{", "unreadable", None),
        (b'{"event_id": "\x00"}', "unreadable", None),
        (b"\xef\xbb\xbf{}", "unreadable", None),
        (order() + order(), "unreadable", None),
        (b'{"event_type": "order_placed", "x": ' + b"[" * 100_000, "unreadable", None),
        (order().replace(b'"e1"', b'"\\ud800"'), "unreadable", None),
        (b"[]", "wrong_type", None),
        (b"7", "wrong_type", None),
        (order(user_id=5), "wrong_type", "user_id"),
        (order(price="twelve"), "wrong_type", "price"),
        (order(price=True), "wrong_type", "price"),
        (order(price=...), "missing_field", "price"),
        (order(price=None), "missing_field", "price"),
        (order(order_id=...), "missing_field", "order_id"),
        (order(event_type=...), "missing_field", "event_type"),
        (order(event_id=""), "empty_value", "event_id"),
        (order(category=""), "empty_value", "category"),
        (order(event_id="x" * 1_000_000), "too_long", "event_id"),
        (order(event_type="order_eaten"), "event_type", "event_type"),
        (order(event_type="click"), "event_type", "event_type"),
        (order(event_type=4), "event_type", "event_type"),
        (order(schema_version=2), "schema_version", "schema_version"),
        (order(schema_version="1"), "schema_version", "schema_version"),
        (order(event_timestamp="2026-11-21T18:03:11"), "time_without_zone", "event_timestamp"),
        (order(event_timestamp="yesterday"), "invalid_time", "event_timestamp"),
        (order(event_timestamp=1763748191), "wrong_type", "event_timestamp"),
    ],
)
def test_a_broken_contract_is_explained(raw: bytes, rule: str, field: str | None) -> None:
    with pytest.raises(UNDECODABLE) as caught:
        read_order(raw)
    refusal = explain(caught.value)
    assert (refusal.rule, refusal.field) == (rule, field)
    assert refusal.message


@pytest.mark.parametrize("event_type", ["x" * 999_000, "a\0b", "a\0" * 300])
def test_a_message_fits_whatever_it_quotes(event_type: str) -> None:
    with pytest.raises(UNDECODABLE) as caught:
        read_order(order(event_type=event_type))
    message = explain(caught.value).message
    assert message.startswith(f"Invalid value '{event_type[0]}")
    assert len(message) <= 500
    assert "\0" not in message
    assert fit(message) == message


def test_nesting_has_a_limit_of_its_own() -> None:
    def nested(depth: int) -> bytes:
        return order()[:-1] + b', "x": ' + b"[" * depth + b'"]}\\"' + b'["' + b"]" * depth + b"}"

    check_bytes(nested(99))
    check_bytes(order(x=["[" * 200, *[[]] * 200]))
    with pytest.raises(UNDECODABLE, match="deeper than 100") as caught:
        check_bytes(nested(100))
    assert explain(caught.value).rule == "unreadable"


def test_a_price_keeps_every_digit() -> None:
    event = read_order(order().replace(b"12.5", b"12.3400000000000000001"))
    assert str(event.price) == "12.3400000000000000001"


def test_unknown_fields_are_allowed() -> None:
    assert isinstance(read_event(order(voucher="X")), OrderPlaced)


def test_the_event_type_tells_events_apart() -> None:
    assert isinstance(read_event(order(event_type="click")), Click)


def test_a_nul_character_is_found() -> None:
    refusal = control_character(read_order(order(user_id="a\0b")))
    assert refusal is not None
    assert (refusal.rule, refusal.field) == ("control_character", "user_id")
    assert control_character(read_order(order(user_id="a\\u0000b"))) is None


def test_the_contract_exports_as_json_schema() -> None:
    schema = msgspec.json.schema(OrderPlaced)
    assert set(schema["$defs"]["OrderPlaced"]["required"]) >= {"event_id", "order_id", "price", "event_timestamp"}
