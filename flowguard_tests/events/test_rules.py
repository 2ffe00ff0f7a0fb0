"""Both forms of each business rule say the same: the one for an event and the one for a frame."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowguard.bronze.decode import Records, decode_orders
from flowguard.events.contract import read_order
from flowguard.events.rules import Limits, broken_rule, naive_utc

LIMITS = Limits(datetime(2024, 1, 1), "EUR", timedelta(minutes=5))
ARRIVED = datetime(2026, 11, 21, 12)
ARRIVED_MS = int(ARRIVED.replace(tzinfo=UTC).timestamp() * 1000)


def order(price: object = "9.50", currency: str | None = None, at: str = "2026-11-21T10:00:00Z") -> bytes:
    event = {
        "event_id": "e1",
        "event_type": "order_placed",
        "order_id": "o1",
        "user_id": "u1",
        "item_id": "ramen",
        "price": price,
        "event_timestamp": at,
        "currency": currency,
    }
    return json.dumps(event).encode()


def rule_by_event(raw: bytes) -> str | None:
    refusal = broken_rule(read_order(raw), ARRIVED, LIMITS)
    return refusal and refusal.rule


def rule_by_frame(raw: bytes) -> str | None:
    decoded = decode_orders([Records("orders.v1", 1, 0, ARRIVED.date(), [raw], [0], [ARRIVED_MS])], LIMITS)
    assert decoded.quarantine["rule"].to_list() == [rule for rule in decoded.rows["_rule"] if rule]
    return decoded.rows["_rule"].item()


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (order(), None),
        (order("12.340"), None),
        (order(12), None),
        (order("1e2"), None),
        (order("999999999.99"), None),
        (order("0"), "price"),
        (order("0.00"), "price"),
        (order(-3), "price"),
        (order("12.345"), "price"),
        (order("1000000000"), "price"),
        (order("10000000000000000"), "price"),
        (order("1e-999999999"), "price"),
        (order("1e999999999"), "price"),
        (order("NaN"), "price"),
        (order("Infinity"), "price"),
        (order("12.3400000000000000000000000000000000001"), "price"),
        (order(currency="EUR"), None),
        (order(currency="USD"), "currency"),
        (order(at="2026-11-21T12:05:00Z"), None),
        (order(at="2026-11-21T12:05:00.000001Z"), "future"),
        (order(at="2026-11-21T14:05:00+02:00"), None),
        (order(at="2999-01-01T00:00:00Z"), "future"),
        (order(at="9999-12-31T23:59:59-10:00"), "future"),
        (order(at="2024-01-01T00:00:00Z"), None),
        (order(at="2023-12-31T23:59:59.999999Z"), "before_start"),
        (order(at="1900-01-01T00:00:00Z"), "before_start"),
        (order(at="0001-01-01T00:00:00+10:00"), "before_start"),
    ],
)
def test_each_rule_at_its_border(raw: bytes, rule: str | None) -> None:
    assert rule_by_event(raw) == rule
    assert rule_by_frame(raw) == rule


prices = st.one_of(
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.decimals(min_value=Decimal("-1"), max_value=Decimal("20"), places=3).map(str),
    st.integers(-2, 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
)
zones = st.timedeltas(timedelta(hours=-12), timedelta(hours=12)).map(
    lambda delta: timezone(timedelta(minutes=delta // timedelta(minutes=1)))
)
instants = st.one_of(
    st.datetimes(timezones=zones),
    st.timedeltas(timedelta(minutes=-1), timedelta(minutes=10)).map(lambda lag: (ARRIVED + lag).replace(tzinfo=UTC)),
)


@given(prices, st.sampled_from([None, "EUR", "USD"]), instants)
def test_both_forms_agree(price: object, currency: str | None, instant: datetime) -> None:
    raw = order(price, currency, instant.isoformat())
    assert rule_by_event(raw) == rule_by_frame(raw)


def test_an_instant_that_utc_cannot_hold_is_clamped() -> None:
    assert naive_utc(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=10)))) == datetime.min
    assert naive_utc(datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-10)))).date() == date.max
