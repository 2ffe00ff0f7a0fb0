"""Bytes in, verdicts out: without a clock, a socket or a broker."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowguard.bronze.decode import Records, decode_orders, decode_rejected
from flowguard.events.rejected import KEPT_BYTES, RejectedEvent
from flowguard.events.rules import Limits
from flowguard.gateway.ingest import LARGEST_EVENT, Accepted, Judge, Refused, rejection
from flowguard.gateway.split import TooManyEvents, split
from flowguard_tests.gateway.examples import click, encoded, order

LIMITS = Limits(datetime(2024, 1, 1), "USD", timedelta(minutes=5))
# Later than any run of these tests, since the examples say the time at which they are made.
NOW = datetime(2100, 1, 1)
judge = Judge(LIMITS, "orders", "clicks")

BAD = [
    (b"", "unreadable", None),
    (b'{"event_id":', "unreadable", None),
    (b"not json", "unreadable", None),
    (b"\x00", "unreadable", None),
    (b'{"event_id":"\x00"}', "unreadable", None),
    (encoded(order(note="X")).replace(b"X", b"\xff"), "unreadable", None),
    (encoded(order()).replace(b'"user_id"', b'"\xff":1,"user_id"'), "unreadable", None),
    (b"7", "wrong_type", None),
    (encoded(order(user_id=5)), "wrong_type", "user_id"),
    (encoded(order(price="dear")), "wrong_type", "price"),
    (encoded(order(user_id=...)), "missing_field", "user_id"),
    (encoded(order(item_id="")), "empty_value", "item_id"),
    (encoded(order(event_id="x" * 999_000)), "too_long", "event_id"),
    (encoded(order(note="x" * 1_000_000)), "too_long", None),
    (encoded(order(event_type="x" * 999_000)), "event_type", "event_type"),
    (encoded(order(user_id="a\0b")), "control_character", "user_id"),
    (encoded(order(price=-1)), "price", "price"),
    (encoded(order(price="1.234")), "price", "price"),
    (encoded(order(currency="EUR")), "currency", "currency"),
    (encoded(order(schema_version=9)), "schema_version", "schema_version"),
    (encoded(order(event_timestamp="2026-01-01T10:00:00")), "time_without_zone", "event_timestamp"),
    (encoded(order(event_timestamp="1900-01-01T00:00:00Z")), "before_start", "event_timestamp"),
    (encoded(order(event_timestamp="2999-01-01T00:00:00Z")), "future", "event_timestamp"),
]
NAMES = [f"{rule} {number}" for number, (_, rule, _) in enumerate(BAD)]


@pytest.mark.parametrize(("body", "rule", "field"), BAD, ids=NAMES)
def test_bad_input_is_refused_by_a_rule_with_a_name(body: bytes, rule: str, field: str | None) -> None:
    (verdict,) = judge.body(body, NOW)
    assert isinstance(verdict, Refused)
    assert (verdict.refusal.rule, verdict.refusal.field) == (rule, field)
    assert 0 < len(verdict.refusal.message) < 1_000
    assert verdict.raw == body


@pytest.mark.parametrize(("body", "rule", "field"), BAD, ids=NAMES)
def test_a_refusal_is_kept_and_read_again_as_it_was(body: bytes, rule: str, field: str | None) -> None:
    (verdict,) = judge.body(body, NOW)
    assert isinstance(verdict, Refused)
    record = rejection(verdict, "rejected", "127.0.0.1", NOW.replace(tzinfo=UTC))
    kept = msgspec.json.decode(record.value, type=RejectedEvent)
    assert (kept.length, kept.sha256) == (len(body), sha256(body).hexdigest())
    assert kept.payload == body[:KEPT_BYTES]
    assert len(record.value) < 100_000
    entry = decode_rejected([Records("rejected", 1, 0, NOW.date(), [record.value], [0], [0])], LIMITS).quarantine
    assert entry.select("stage", "rule", "field").row(0) == ("gateway", rule, field)


def test_the_event_type_decides_the_topic_and_the_user_the_key() -> None:
    events = [order(user_id="ada"), order(event_type="order_refunded"), click(user_id="bob"), click()]
    verdicts = judge.body(encoded(events), NOW)
    records = [verdict.record for verdict in verdicts if isinstance(verdict, Accepted)]
    assert [record.topic for record in records] == ["orders", "orders", "clicks", "clicks"]
    assert [record.key for record in records] == [b"ada", b"ada", b"bob", b"ada"]


def test_the_bytes_stay_as_they_were_sent() -> None:
    raw = encoded(order(price=13.50, voucher={"deep": [1, 2.0]})).replace(b'"ada"', rb' "\u0061da" ')
    for body in (raw, b" [ %b , %b ]" % (raw, raw), b'{"events": [%b]}' % raw):
        for verdict in judge.body(body, NOW):
            assert isinstance(verdict, Accepted)
            assert verdict.record.value == raw
            assert verdict.record.key == b"ada"


@given(st.lists(st.sampled_from([encoded(order()), encoded(click()), b'{"a": "]"}', b"3"])), st.booleans())
def test_a_batch_is_split_into_what_it_was_made_of(events: list[bytes], wrapped: bool) -> None:
    array = b"[" + b", ".join(events) + b"]"
    assert split(b'{"events":' + array + b"}" if wrapped else array) == events


def test_an_event_with_a_field_named_events_is_one_event() -> None:
    for events in ([], [1], "none"):
        (verdict,) = judge.body(encoded(order(events=events)), NOW)
        assert isinstance(verdict, Accepted)


def test_a_broken_batch_is_refused_as_a_whole() -> None:
    body = encoded([order(), order()])[:-1]
    (verdict,) = judge.body(body, NOW)
    assert isinstance(verdict, Refused)
    assert verdict.refusal.rule == "unreadable"
    assert verdict.raw == body


@pytest.mark.parametrize("unreadable", [rb'{"name": "\ud83c"}', b'{"price": NaN}', b"-Infinity", b'{"x": "\xff"}'])
@pytest.mark.parametrize("form", [b"[%b , %b,%b ]", b'{"of": "events", "events" :[%b,%b , %b], "to": NaN} '])
def test_an_unreadable_event_leaves_those_around_it_alone(unreadable: bytes, form: bytes) -> None:
    good = encoded(order(note="events"))
    first, second, third = judge.body(form % (good, unreadable, good), NOW)
    assert isinstance(first, Accepted)
    assert isinstance(third, Accepted)
    assert isinstance(second, Refused)
    assert (second.raw, second.refusal.rule) == (unreadable, "unreadable")
    assert first.record.value == third.record.value == good


@pytest.mark.parametrize(
    "body",
    [
        b"[NaN,]", b"[,NaN]", b"[NaN 1]", b"[NaN", b"[NaN]]", b"[NaN]x", b'{"events":[NaN],7:1}', b'{"events":[NaN]',
        b'{"events":[1],"events":[2]}', b'{"events":[1],"x":{"events":[2]},"events":[]}', b'[{"a":"events" "events"}]',
        b"[" * 9999, b"[NaN," + b"[" * 9999,
    ],
)  # fmt: skip
def test_what_cannot_be_split_is_one_refusal(body: bytes) -> None:
    (verdict,) = judge.body(body, NOW)
    assert isinstance(verdict, Refused)
    assert (verdict.raw, verdict.refusal.rule) == (body, "unreadable")


@pytest.mark.parametrize("body", [b"[%b]", b'{"events":[%b]}', b'{"events":[%b], "not": {"events": 1}}', b"[%b,NaN]"])
def test_too_many_are_counted_before_any_is_judged(body: bytes) -> None:
    with pytest.raises(TooManyEvents):
        judge.body(body % b",".join([b"{}"] * 4), NOW, 3)
    assert judge.body(body % b",".join([b"{}"] * 2), NOW, 3)


def test_the_contract_comes_before_the_rules() -> None:
    (verdict,) = judge.body(encoded(order(user_id="a\0b", price=-1)), NOW)
    assert isinstance(verdict, Refused)
    assert verdict.refusal.rule == "control_character"


def test_an_event_is_not_early_by_less_than_kafkas_clock_tells() -> None:
    received_at = datetime(2026, 11, 21, 12, 0, 0, 700)
    raw = encoded(order(event_timestamp="2026-11-21T12:05:00.000500Z"))
    record = Records("orders", 1, 0, received_at.date(), [raw], [0], [_milliseconds(received_at)])
    (verdict,) = judge.body(raw, received_at)
    assert isinstance(verdict, Refused)
    assert decode_orders([record], LIMITS).quarantine["rule"].to_list() == [verdict.refusal.rule]


def test_a_refusal_names_the_event_where_it_can() -> None:
    body = encoded([order(event_id="e1", price=-1), order(event_id=5), order(event_id="e2", user_id=...)])
    assert [verdict.event_id for verdict in judge.body(body, NOW)] == ["e1", None, "e2"]


def test_what_the_clock_says_is_the_callers() -> None:
    raw = encoded(order(event_timestamp="2024-06-01T00:05:00.000001Z"))
    assert isinstance(judge.event(raw, datetime(2024, 6, 1)), Refused)
    assert isinstance(judge.event(raw, datetime(2024, 6, 1, 0, 0, 0, 1)), Accepted)


def test_the_largest_event_is_taken() -> None:
    frame = len(encoded(order(note="")))
    assert isinstance(judge.event(encoded(order(note="x" * (LARGEST_EVENT - frame))), NOW), Accepted)
    assert isinstance(judge.event(encoded(order(note="x" * (LARGEST_EVENT - frame + 1))), NOW), Refused)


values = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.integers()))


@given(st.sampled_from(sorted(order())), values)
def test_the_gateway_accepts_what_ingestion_keeps(field: str, value: object) -> None:
    raw = json.dumps(order(**{field: value})).encode()
    decoded = decode_orders([Records("orders", 1, 0, NOW.date(), [raw], [0], [_milliseconds(NOW)])], LIMITS)
    verdict = judge.event(raw, NOW)
    if isinstance(verdict, Refused):
        assert decoded.quarantine["rule"].to_list() == [verdict.refusal.rule]
    elif verdict.record.topic == "orders":
        assert decoded.quarantine.is_empty()


@given(st.binary(max_size=60))
def test_any_bytes_get_a_verdict(body: bytes) -> None:
    assert all(isinstance(verdict, Refused) for verdict in judge.body(body, NOW))


def _milliseconds(instant: datetime) -> int:
    return int(instant.replace(tzinfo=UTC).timestamp() * 1000)
