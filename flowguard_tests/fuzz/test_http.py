"""Whatever is sent, each event has one entry in the answer, and is in Kafka or on record as refused."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowguard.bronze.decode import decode_clicks, decode_orders, decode_rejected
from flowguard.events.rejected import KEPT_BYTES, RejectedEvent
from flowguard.gateway.answer import STATUS_CODES, Answer, Entry
from flowguard.gateway.ingest import Record
from flowguard_tests.fuzz.edge import Edge, Headers, Response
from flowguard_tests.fuzz.long_run import batches
from flowguard_tests.fuzz.payloads import Payloads
from flowguard_tests.fuzz.verdicts import LIMITS, records

EVENTS_A_REQUEST = 500
SEPARATORS = (b",", b" ,\n", b",\t", b"\r\n , ")

seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    with Edge(start_date=LIMITS.start.date(), currency=LIMITS.currency, gateway_max_batch=EVENTS_A_REQUEST) as edge:
        yield edge


@given(seeds)
@settings(max_examples=300)
def test_any_body(edge: Edge, seed: int) -> None:
    chance = Random(seed)
    body = payloads(chance).one()
    cut = chance.randrange(len(body) + 1)
    answer = edge.call(body[:cut], body[cut:])
    told(edge, answer, body, events_in(body))
    ingested(edge, answer.records)


@given(seeds, st.integers(0, 20), st.booleans())
def test_any_batch(edge: Edge, seed: int, size: int, wrapped: bool) -> None:
    chance = Random(seed)
    values = [value for value in payloads(chance).some(size) if is_one_value(value)]
    answer = edge.call(body := batch(values, chance.choice(SEPARATORS), wrapped))
    told(edge, answer, body, values)
    ingested(edge, answer.records)


@given(seeds, st.integers(1, 5))
def test_any_damage_to_a_batch(edge: Edge, seed: int, size: int) -> None:
    chance = Random(seed)
    drawn = payloads(chance)
    body = drawn.damaged(batch([drawn.written(drawn.event()) for _ in range(size)], b",", chance.random() < 0.5))
    answer = edge.call(body)
    told(edge, answer, body, events_in(body))
    ingested(edge, answer.records)


@given(st.integers(KEPT_BYTES - 2, KEPT_BYTES + 2), st.sampled_from((b"x", b"\xff", b'"', b"[")))
def test_what_is_kept_of_long_bodies(edge: Edge, length: int, filling: bytes) -> None:
    body = b"{" + filling * (length - 1)
    answer = edge.call(body)
    told(edge, answer, body, [body])
    ingested(edge, answer.records)


texts = st.one_of(st.binary(max_size=20), st.sampled_from((b"http://[", b"null", b"gzip", b"0", b"9" * 5000, b"-1")))
names = st.sampled_from(
    (b"origin", b"host", b"content-length", b"content-type", b"content-encoding", b"authorization", b"x-api-key", b"x")
)


@given(st.lists(st.tuples(names, texts), max_size=4), st.sampled_from(("POST", "GET", "PUT", "HEAD", "BREW", "")))
def test_any_headers_and_method(edge: Edge, headers: Headers, method: str) -> None:
    answer = edge.call(b"{}", headers=headers, method=method)
    assert answer.status in (400, 403, 405, 413, 422)
    assert answer.status in STATUS_CODES
    assert len(msgspec.json.decode(answer.body, type=Answer).events) == len(answer.records) == (answer.status == 422)


@given(st.text(max_size=30), st.sampled_from(("GET", "POST", "HEAD", "OPTIONS")))
def test_any_path(edge: Edge, path: str, method: str) -> None:
    assert edge.call(b"", method=method, path=f"/{path}").status in (200, 404, 405)


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_a_long_run_of_requests(edge: Edge) -> None:
    for chance, count in batches("HTTP"):
        drawn = payloads(chance).some(count)
        alone, together = drawn[: count // 10], list(filter(is_one_value, drawn[count // 10 :]))
        stored: list[Record] = []
        for body in alone:
            answer = edge.call(body)
            told(edge, answer, body, events_in(body))
            stored += answer.records
        for start in range(0, len(together), EVENTS_A_REQUEST):
            part = together[start : start + EVENTS_A_REQUEST]
            answer = edge.call(body := batch(part, chance.choice(SEPARATORS), chance.random() < 0.5))
            told(edge, answer, body, part)
            stored += answer.records
        ingested(edge, stored)


def payloads(chance: Random) -> Payloads:
    return Payloads(chance, datetime.now(UTC).replace(tzinfo=None))


def batch(values: Sequence[bytes], separator: bytes, wrapped: bool) -> bytes:
    array = b"[" + separator.join(values) + b"]"
    return b'{"sent_at": "now", "events" : ' + array + b"}" if wrapped else array


def is_one_value(value: bytes) -> bool:
    """Whether it is JSON by another reader than the gateway's, which takes NaN and lone surrogates for JSON, too."""
    with suppress(ValueError, RecursionError):
        json.loads(value.decode("latin-1"), parse_int=str)
        return value[:1] not in b" \t\r\n" and value[-1:] not in b" \t\r\n"
    return False


def events_in(body: bytes) -> list[bytes] | None:
    """The events of a body that is one event; None where there may be another number of them."""
    several = body.lstrip(b" \t\r\n")[:1] == b"[" or b'"events"' in body
    return None if several else [body]


def told(edge: Edge, answer: Response, body: bytes, events: Sequence[bytes] | None) -> None:
    """The answer's entries are those of the events, in their order, and each event is on record as it was sent."""
    entries = msgspec.json.decode(answer.body, type=Answer).events
    assert answer.status == status_of(entries)
    assert len(entries) == len(answer.records)
    kept = [on_record(edge, entry, record) for entry, record in zip(entries, answer.records, strict=True)]
    if events is None:
        assert all(part in body for part, *_ in kept)
    else:
        parts = [event[:KEPT_BYTES] if entry.rule else event for event, entry in zip(events, entries, strict=True)]
        whole = [(len(event), sha256(event).hexdigest()) for event in events]
        assert kept == [(part, *told) for part, told in zip(parts, whole, strict=True)]


def status_of(entries: Sequence[Entry]) -> int:
    accepted = sum(entry.status == "accepted" for entry in entries)
    if accepted < len(entries):
        return 207 if accepted else 400 if [entry.rule for entry in entries] == ["unreadable"] else 422
    return 200


def on_record(edge: Edge, entry: Entry, record: Record) -> tuple[bytes, int, str]:
    """The bytes that are kept of an event, and the length and SHA-256 of all of them."""
    if entry.status == "accepted":
        assert record.topic in (edge.settings.orders_topic, edge.settings.clicks_topic)
        event = json.loads(record.value, parse_int=str)
        assert (record.key, entry.event_id) == (event["user_id"].encode(), event["event_id"])
        return record.value, len(record.value), sha256(record.value).hexdigest()
    assert (entry.status, record.topic) == ("refused", edge.settings.rejected_topic)
    refused = msgspec.json.decode(record.value, type=RejectedEvent)
    assert (refused.rule, refused.field, refused.message) == (entry.rule, entry.field, entry.message)
    assert refused.client == "127.0.0.1"
    return refused.payload, refused.length, refused.sha256


def ingested(edge: Edge, stored: Sequence[Record]) -> None:
    """Ingestion keeps what was accepted, and quarantines what was refused for the gateway's reason."""
    settings = edge.settings
    by_topic = {topic: [record.value for record in stored if record.topic == topic] for topic in settings.topics}
    arrived = datetime.fromtimestamp(int(time.time() * 1000) / 1000, UTC).replace(tzinfo=None)
    orders = decode_orders([records(by_topic[settings.orders_topic], arrived=arrived)], LIMITS)
    clicks = decode_clicks([records(by_topic[settings.clicks_topic], arrived=arrived)], LIMITS)
    assert orders.quarantine.rows() == clicks.quarantine.rows() == []
    assert orders.rows.height + clicks.rows.height + len(by_topic[settings.rejected_topic]) == len(stored)
    refused = [msgspec.json.decode(value, type=RejectedEvent) for value in by_topic[settings.rejected_topic]]
    entries = decode_rejected([records(by_topic[settings.rejected_topic], arrived=arrived)], LIMITS).quarantine
    assert entries.select("stage", "rule", "field", "message", "payload").rows() == [
        ("gateway", event.rule, event.field, event.message, event.payload) for event in refused
    ]
