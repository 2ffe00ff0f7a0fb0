"""Every record becomes exactly one Bronze row or quarantine entry, whatever its neighbours are."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowguard.bronze.decode import Decoded, Records, decode_clicks, decode_orders, decode_rejected
from flowguard.bronze.tables import CLICKS_RAW, ORDERS_RAW
from flowguard.events.rules import Limits
from flowguard.models.ops import QUARANTINE

LIMITS = Limits(datetime(2024, 1, 1), "EUR", timedelta(minutes=5))
ARRIVED_MS = int(datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp() * 1000)


def order(**changes: object) -> bytes:
    event = {
        "event_id": "e1",
        "event_type": "order_placed",
        "order_id": "o1",
        "user_id": "u1",
        "item_id": "ramen",
        "price": "13.50",
        "event_timestamp": "2026-11-21T10:00:00.123456+01:00",
    }
    return json.dumps({**event, **changes}).encode()


def records(*values: bytes | None) -> Records:
    return Records("orders.v1", 1, 2, date(2026, 11, 21), values, range(len(values)), [ARRIVED_MS] * len(values))


def decode(*values: bytes | None) -> Decoded:
    return decode_orders([records(*values)], LIMITS)


def test_columns_are_those_of_the_tables() -> None:
    orders = decode(order(), b"?")
    assert orders.rows.columns == [name for name in ORDERS_RAW.column_names if name not in ("_ingested_at", "_run_id")]
    assert set(QUARANTINE.column_names) - set(orders.quarantine.columns) == {"_ingested_at", "_run_id"}
    clicks = decode_clicks([records(b"?")], LIMITS)
    assert clicks.rows.columns == [name for name in CLICKS_RAW.column_names if name not in ("_ingested_at", "_run_id")]


def test_a_row_is_typed_and_keeps_its_bytes() -> None:
    raw = order(voucher="X", free=True)
    (row,) = decode(raw).rows.to_dicts()
    assert row["price"] == Decimal("13.50")
    assert row["event_timestamp"] == datetime(2026, 11, 21, 9, 0, 0, 123456)
    assert (row["item_name"], row["category"], row["currency"]) == ("ramen", "uncategorised", "EUR")
    assert (row["_partition"], row["_offset"], row["_arrived_at"]) == (2, 0, datetime(2026, 11, 21, 12))
    assert row["_unknown_fields"] == 2
    assert row["payload"] == raw


def test_broken_rules_stay_in_bronze_and_are_quarantined() -> None:
    decoded = decode(order(price="-1"))
    assert decoded.rows["_rule"].to_list() == ["price"]
    assert decoded.rows["price"].to_list() == [None]
    (entry,) = decoded.quarantine.to_dicts()
    assert (entry["stage"], entry["rule"], entry["field"]) == ("silver", "price", "price")
    assert entry["payload"] == order(price="-1")


def test_repeated_keys_are_stored_as_they_were_checked() -> None:
    assert decode(order()[:-1] + b', "price": "-1"}').rows["_rule"].to_list() == ["price"]


def test_records_cannot_spill_into_their_neighbours() -> None:
    halves = order(event_id="split")
    decoded = decode(order(event_id="a"), halves[:40], halves[40:], order() + b"," + order(), order(event_id="b"))
    assert decoded.rows["event_id"].to_list() == ["a", "b"]
    assert decoded.rows["_offset"].to_list() == [0, 4]
    assert decoded.quarantine["_offset"].to_list() == [1, 2, 3]


junk = st.one_of(
    st.none(),
    st.binary(max_size=40),
    st.sampled_from(["event_id", "price", "order_id", "category"]).flatmap(
        lambda name: st.one_of(st.none(), st.text(max_size=5), st.integers(), st.booleans(), st.lists(st.none())).map(
            lambda value: order(**{name: value})
        )
    ),
    st.tuples(st.binary(max_size=3), st.integers(0, 150)).map(
        lambda cut: order()[: cut[1]] + cut[0] + order()[cut[1] :]
    ),
)


@given(st.lists(junk, max_size=12))
def test_every_record_is_accounted_for_once(values: list[bytes | None]) -> None:
    decoded = decode(*values)
    refused = decoded.quarantine.filter(pl.col("stage") == "bronze")
    places = [*decoded.rows["_offset"], *refused["_offset"]]
    assert sorted(places) == list(range(len(values)))
    stored = dict(
        zip(
            [*decoded.rows["_offset"], *refused["_offset"]],
            [*decoded.rows["payload"], *refused["payload"]],
            strict=True,
        )
    )
    assert [stored[offset] for offset in range(len(values))] == values


@pytest.mark.parametrize("field", [b'"\xff": 1', b'"x": "\xff"', b'"x": [{"\xff": {}}]'])
def test_what_is_not_utf8_is_unreadable_wherever_it_is(field: bytes) -> None:
    decoded = decode(order()[:-1] + b", " + field + b"}", order())
    assert decoded.quarantine.select("_offset", "rule").rows() == [(0, "unreadable")]
    assert decoded.rows["_offset"].to_list() == [1]


def test_a_verdict_does_not_depend_on_who_asks() -> None:
    deep = order()[:-1] + b', "x": ' + b"[" * 300 + b"]" * 300 + b"}"

    def decode_from(depth: int) -> list[tuple[object, ...]]:
        return decode_from(depth - 1) if depth else decode(deep).quarantine.rows()

    assert decode_from(700) == decode_from(0)


def test_refused_events_of_the_gateway_keep_their_reason() -> None:
    record = {
        "payload": "eyJ4Ijox",
        "length": 6,
        "sha256": "00",
        "rule": "unreadable",
        "message": "not readable",
        "received_at": "2026-11-21T10:00:00Z",
    }
    decoded = decode_rejected([records(json.dumps(record).encode(), b"junk")], LIMITS)
    assert decoded.quarantine.select("stage", "rule", "payload").rows() == [
        ("gateway", "unreadable", b'{"x":1'),
        ("bronze", "unreadable", b"junk"),
    ]
