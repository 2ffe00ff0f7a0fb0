"""Whatever is in Kafka, each record is a Bronze row or a quarantine entry, and its neighbours do not matter."""

import base64
import json
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowguard.bronze.contract import CLICK_CONTRACT, ORDER_CONTRACT, Contract, read_block
from flowguard.bronze.decode import Decoded, Records, decode_clicks, decode_orders, decode_rejected
from flowguard.events.rules import Limits
from flowguard.gateway.ingest import Accepted, Judge
from flowguard_tests.fuzz.long_run import batches
from flowguard_tests.fuzz.payloads import Payloads, payload
from flowguard_tests.fuzz.verdicts import LIMITS, NOW, Value, Verdict, records, verdicts

Decode = Callable[[Iterable[Records], Limits], Decoded]
TOPICS: dict[str, tuple[Decode, Contract]] = {
    "orders": (decode_orders, ORDER_CONTRACT),
    "clicks": (decode_clicks, CLICK_CONTRACT),
}
BOTH = pytest.mark.parametrize("topic", TOPICS)
REJECTED = {
    "payload": "eA==",
    "length": 1,
    "sha256": sha256(b"x").hexdigest(),
    "rule": "unreadable",
    "message": "not readable",
    "received_at": "2026-11-21T10:00:00Z",
}
judge = Judge(LIMITS, "orders", "clicks")

drawn = st.lists(st.integers(0, 2**32 - 1).map(lambda seed: payload(seed, NOW)), max_size=20)
names = st.sampled_from(("payload", "length", "rule", "message", "received_at", "field", "client"))
odd = st.sampled_from((None, 7, "", "\0", "x" * 2000, "=", "eA==", [], {"a": 1}))
with_tombstones = st.lists(st.one_of(st.none(), st.binary(max_size=40)), max_size=3)


@BOTH
@given(st.tuples(drawn, with_tombstones).map(lambda lists: [*lists[0], *lists[1]]).flatmap(st.permutations))
def test_any_records(topic: str, values: list[Value]) -> None:
    """Together, in blocks and alone they are the same rows and entries."""
    decode, _ = TOPICS[topic]
    together = decoded(decode, values)
    blocks = [records(values[start : start + 3], start) for start in range(0, len(values), 3)]
    assert verdicts(decode(blocks, LIMITS), values) == together
    assert [alone(decode, value, offset) for offset, value in enumerate(values)] == together


@BOTH
@given(drawn)
@settings(max_examples=300)
def test_the_gateway_says_the_same(topic: str, values: list[bytes]) -> None:
    agree(topic, values, decoded(TOPICS[topic][0], values))


@given(drawn, st.lists(st.dictionaries(names, odd, max_size=2)))
def test_any_records_of_refused_events(values: list[bytes], spoilt: list[dict[str, object]]) -> None:
    """Also those that somebody else has written into that topic."""
    forged = [json.dumps(REJECTED | changes).encode() for changes in spoilt]
    mixed = [*values, *forged, None]
    entries = decode_rejected([records(mixed)], LIMITS).quarantine
    assert entries["_offset"].to_list() == list(range(len(mixed)))
    for value, entry in zip(mixed, entries.iter_rows(named=True), strict=True):
        by_gateway = entry["stage"] == "gateway"
        assert entry["payload"] == (base64.b64decode(json.loads(value or b"")["payload"]) if by_gateway else value)
        for text in (entry["rule"], entry["field"] or "", entry["message"]):
            assert "\0" not in text
            assert len(text) <= 500


@pytest.mark.faults
@pytest.mark.timeout(3600)
@BOTH
def test_a_long_run_of_records(topic: str) -> None:
    decode, contract = TOPICS[topic]
    for chance, count in batches(f"decoding {topic}"):
        values = Payloads(chance, NOW).some(count)
        together = decoded(decode, values)
        half = count // 2
        swapped = decode([records(values[half:], half), records(values[:half])], LIMITS)
        assert verdicts(swapped, values) == together
        for offset in chance.sample(range(count), min(20, count)):
            assert alone(decode, values[offset], offset) == together[offset]
        assert b"".join(read_block(contract, [value]).lines for value in values) == read_block(contract, values).lines
        agree(topic, values, together)


def decoded(decode: Decode, values: Sequence[Value]) -> list[Verdict]:
    return verdicts(decode([records(values)], LIMITS), values)


def alone(decode: Decode, value: Value, offset: int) -> Verdict:
    (verdict,) = verdicts(decode([records([value], offset)], LIMITS), [value], offset)
    return verdict


def agree(topic: str, values: Sequence[bytes], by_ingestion: Sequence[Verdict]) -> None:
    """What the gateway accepts for a topic is what ingestion keeps there, and both name the same rule."""
    for value, kept in zip(values, by_ingestion, strict=True):
        verdict = judge.event(value, NOW)
        if isinstance(verdict, Accepted):
            assert (kept.rule is None) == (verdict.record.topic == topic), value
        elif kept.rule != "event_type":  # another topic's event: its other flaws were not looked for
            told = verdict.refusal
            assert (told.rule, told.field, told.message) == (kept.rule, kept.field, kept.message), value
