"""From a request's bytes to a verdict on each event. Pure: the clock and the sink are the caller's."""

import sys
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

import msgspec

from flowguard.events.contract import UNDECODABLE, Refusal, check_bytes, control_character, explain, read_event
from flowguard.events.model import OrderPlaced, OrderRefunded
from flowguard.events.rejected import KEPT_BYTES, RejectedEvent
from flowguard.events.rules import Limits, broken_rule
from flowguard.gateway.split import split

LARGEST_EVENT = 1_000_000
"""Bytes of one event; a record of this size, its key and its framing fit into Kafka's default limit."""
_LONGEST_ID = 256


class Record(NamedTuple):
    """What goes to Kafka."""

    topic: str
    key: bytes | None
    value: bytes


class Accepted(NamedTuple):
    """An event that keeps the contract and the rules."""

    event_id: str
    record: Record


class Refused(NamedTuple):
    """An event that does not; ``event_id`` is what it says, where that can be read."""

    event_id: str | None
    raw: bytes
    refusal: Refusal


Verdict = Accepted | Refused


class _Named(msgspec.Struct):
    event_id: str


_read_name = msgspec.json.Decoder(_Named).decode
_encode = msgspec.json.Encoder().encode


class Judge:
    """Applies the contract and the rules to the events of a request."""

    def __init__(self, limits: Limits, orders_topic: str, clicks_topic: str) -> None:
        self._limits = limits
        self._orders_topic = orders_topic
        self._clicks_topic = clicks_topic

    def body(self, body: bytes, received_at: datetime, most: int = sys.maxsize) -> list[Verdict]:
        """The verdict on each event, in order; one refusal for a body that cannot be split. Time is naive UTC.

        Raises:
            TooManyEvents: there are more than ``most``; none was judged.
        """
        try:
            events = split(body, most)
        except UNDECODABLE as error:
            return [_refused(body, explain(error))]
        # Kafka stamps whole milliseconds, and what is not in the future here may not be so there.
        whole = received_at.replace(microsecond=received_at.microsecond // 1000 * 1000)
        return [self.event(raw, whole) for raw in events]

    def event(self, raw: bytes, received_at: datetime) -> Verdict:
        """The verdict on one event."""
        if len(raw) > LARGEST_EVENT:
            return _refused(raw, Refusal("too_long", f"the event is larger than {LARGEST_EVENT} bytes"))
        try:
            check_bytes(raw)
            event = read_event(raw)
        except UNDECODABLE as error:
            return _refused(raw, explain(error))
        # The contract comes before the rules, as in ingestion.
        refusal = control_character(event) if b"\\u0000" in raw else None
        refusal = refusal or broken_rule(event, received_at, self._limits)
        if refusal is not None:
            return Refused(event.event_id, raw, refusal)
        topic = self._orders_topic if isinstance(event, (OrderPlaced, OrderRefunded)) else self._clicks_topic
        return Accepted(event.event_id, Record(topic, event.user_id.encode(), raw))


def rejection(refused: Refused, topic: str, client: str, received_at: datetime) -> Record:
    """The record that keeps a refused event. Time is UTC with its zone."""
    event = RejectedEvent(
        payload=refused.raw[:KEPT_BYTES],
        length=len(refused.raw),
        sha256=sha256(refused.raw).hexdigest(),
        rule=refused.refusal.rule,
        message=refused.refusal.message,
        field=refused.refusal.field,
        client=client,
        received_at=received_at,
    )
    return Record(topic, None, _encode(event))


def _refused(raw: bytes, refusal: Refusal) -> Refused:
    return Refused(_event_id(raw), raw, refusal)


def _event_id(raw: bytes) -> str | None:
    try:
        return _read_name(raw).event_id[:_LONGEST_ID]
    except UNDECODABLE:
        return None
