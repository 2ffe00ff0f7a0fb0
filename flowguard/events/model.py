"""The events as types: this is the contract, and the only place that states it.

``event_type`` tells the four apart. Text is never empty. Fields that are not named here are allowed and ignored.
The classes drive the gateway, the decoding of Kafka records and the exported JSON Schema.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

Id = Annotated[str, Meta(min_length=1, max_length=256)]
Label = Annotated[str, Meta(min_length=1, max_length=1024)]
Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 with a zone, such as 2026-11-21T18:03:11.250Z")]
Price = Annotated[Decimal, Meta(description="A number or numeric string, above 0, at most 2 decimals")]
Position = Annotated[int, Meta(ge=0, le=2_147_483_647)]


class _Event(Struct, kw_only=True, frozen=True, gc=False, tag_field="event_type"):
    event_id: Id
    user_id: Id
    item_id: Id
    event_timestamp: Instant
    session_id: Id | None = None
    item_name: Label | None = None
    category: Label | None = None
    schema_version: Literal[1] = 1


class _Order(_Event, kw_only=True, frozen=True, gc=False):
    order_id: Id
    price: Price
    currency: Id | None = None


class _View(_Event, kw_only=True, frozen=True, gc=False):
    page: Label | None = None
    position: Position | None = None


class OrderPlaced(_Order, kw_only=True, frozen=True, gc=False, tag="order_placed"):
    """One item was ordered."""


class OrderRefunded(_Order, kw_only=True, frozen=True, gc=False, tag="order_refunded"):
    """An order was refunded in full."""


class Impression(_View, kw_only=True, frozen=True, gc=False, tag="impression"):
    """A card of the menu was really seen."""


class Click(_View, kw_only=True, frozen=True, gc=False, tag="click"):
    """A card of the menu was clicked."""


OrderEvent = OrderPlaced | OrderRefunded
ClickEvent = Impression | Click
Event = OrderPlaced | OrderRefunded | Impression | Click
