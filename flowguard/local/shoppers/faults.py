"""What clients get wrong: each fault breaks one rule, and knows which."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from flowguard.events.model import Event, OrderPlaced

Fields = dict[str, Any]
TOO_LONG = "x" * 200_000


class Fault(NamedTuple):
    """A way to spoil an event.

    ``rule`` is the rule that it breaks, ``business`` tells a rule of the business from one of the contract.
    ``at_gateway`` is false for what only a record in Kafka can get wrong.
    """

    name: str
    rule: str
    spoil: Callable[[Fields], bytes]
    orders: bool = False
    business: bool = False
    at_gateway: bool = True

    def bytes_of(self, event: Event) -> bytes:
        """The event's JSON, spoilt."""
        return self.spoil(msgspec.json.decode(msgspec.json.encode(event)))


def _with(**changes: object) -> Callable[[Fields], bytes]:
    return lambda fields: msgspec.json.encode(fields | changes)


def _without(name: str) -> Callable[[Fields], bytes]:
    return lambda fields: msgspec.json.encode({key: value for key, value in fields.items() if key != name})


def _without_zone(fields: Fields) -> bytes:
    return msgspec.json.encode(fields | {"event_timestamp": fields["event_timestamp"].removesuffix("Z")})


def _on_the_wrong_topic(fields: Fields) -> bytes:
    wrong = "click" if fields["event_type"].startswith("order") else "order_placed"
    return msgspec.json.encode(fields | {"event_type": wrong})


def _other_currency(fields: Fields) -> bytes:
    return msgspec.json.encode(fields | {"currency": "CHF" if fields["currency"] != "CHF" else "GBP"})


def _cut(fields: Fields) -> bytes:
    return msgspec.json.encode(fields)[:-9]


def _not_unicode(fields: Fields) -> bytes:
    return msgspec.json.encode(fields | {"item_name": "@"}).replace(b'"@"', b'"\xff\xfe"')


FAULTS = (
    Fault("negative price", "price", _with(price="-4.20"), orders=True, business=True),
    Fault("three decimals", "price", _with(price="9.999"), orders=True, business=True),
    Fault("foreign currency", "currency", _other_currency, orders=True, business=True),
    Fault("from 1900", "before_start", _with(event_timestamp="1900-01-01T12:00:00Z"), business=True),
    Fault("from 2999", "future", _with(event_timestamp="2999-12-31T12:00:00Z"), business=True),
    Fault("no zone", "time_without_zone", _without_zone),
    Fault("no time", "invalid_time", _with(event_timestamp="yesterday")),
    Fault("unknown version", "schema_version", _with(schema_version=7)),
    Fault("unknown type", "event_type", _with(event_type="order_dreamt")),
    Fault("a number as a user", "wrong_type", _with(user_id=4711)),
    Fault("a list as an item", "wrong_type", _with(item_id=["ramen"])),
    Fault("no item", "missing_field", _without("item_id")),
    Fault("no price", "missing_field", _without("price"), orders=True),
    Fault("an empty user", "empty_value", _with(user_id="")),
    Fault("a NUL", "control_character", _with(item_name="Ra\0men")),
    Fault("cut off", "unreadable", _cut),
    Fault("not Unicode", "unreadable", _not_unicode, at_gateway=False),
    Fault("a huge text", "too_long", _with(item_name=TOO_LONG), at_gateway=False),
    Fault("on the wrong topic", "event_type", _on_the_wrong_topic, at_gateway=False),
)


def faults_for(event: Event, *, at_gateway: bool) -> list[Fault]:
    """The faults that an event can have."""
    is_order = isinstance(event, OrderPlaced)
    return [fault for fault in FAULTS if (is_order or not fault.orders) and (fault.at_gateway or not at_gateway)]
