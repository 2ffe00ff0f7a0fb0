"""From a request's bytes to a verdict on each event. Pure: the clock and the sink are the caller's."""

from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from flowguard.events.contract import UNDECODABLE, Refusal, control_character, explain, read_event
from flowguard.events.model import OrderPlaced, OrderRefunded
from flowguard.events.rejected import KEPT_BYTES, RejectedEvent
from flowguard.events.rules import Limits, broken_rule

LARGEST_EVENT = 1_000_000
"""Bytes of one event; a record of this size, its key and its framing fit into Kafka's default limit."""
_LONGEST_MESSAGE = 500
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


class _Batch(msgspec.Struct):
    events: list[msgspec.Raw]
    event_type: Any = None


class _Named(msgspec.Struct):
    event_id: str


_read_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
_read_batch = msgspec.json.Decoder(_Batch).decode
_read_name = msgspec.json.Decoder(_Named).decode
_encode = msgspec.json.Encoder().encode


def split(body: bytes) -> list[bytes]:
    """The bytes of each event in a body: one event, an array of events, or ``{"events": […]}``.

    Raises:
        UNDECODABLE: the body is an array or a batch, and broken.
    """
    if body.lstrip(b" \t\r\n")[:1] == b"[":
        return [bytes(raw) for raw in _read_array(body)]
    if b'"events"' in body:
        try:
            batch = _read_batch(body)
        except msgspec.ValidationError:
            return [body]  # an event of its own, with a field of that name
        if batch.event_type is None:
            return [bytes(raw) for raw in batch.events]
    return [body]


class Judge:
    """Applies the contract and the rules to the events of a request."""

    def __init__(self, limits: Limits, orders_topic: str, clicks_topic: str) -> None:
        self._limits = limits
        self._orders_topic = orders_topic
        self._clicks_topic = clicks_topic

    def body(self, body: bytes, received_at: datetime) -> list[Verdict]:
        """The verdict on each event, in order; one refusal for a body that cannot be split. Time is naive UTC."""
        try:
            events = split(body)
        except UNDECODABLE as error:
            return [_refused(body, explain(error))]
        return [self.event(raw, received_at) for raw in events]

    def event(self, raw: bytes, received_at: datetime) -> Verdict:
        """The verdict on one event."""
        if len(raw) > LARGEST_EVENT:
            return _refused(raw, Refusal("too_long", f"the event is larger than {LARGEST_EVENT} bytes"))
        try:
            # The decoder looks only into texts of known fields, and what is not UTF-8 is not JSON.
            raw.isascii() or raw.decode()
            event = read_event(raw)
        except UNDECODABLE as error:
            return _refused(raw, explain(error))
        refusal = broken_rule(event, received_at, self._limits)
        if refusal is None and b"\\u0000" in raw:
            refusal = control_character(event)
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
    if len(refusal.message) > _LONGEST_MESSAGE:  # it may quote the event
        refusal = Refusal(refusal.rule, refusal.message[:_LONGEST_MESSAGE] + " …", refusal.field)
    return Refused(_event_id(raw), raw, refusal)


def _event_id(raw: bytes) -> str | None:
    try:
        return _read_name(raw).event_id[:_LONGEST_ID]
    except UNDECODABLE:
        return None
