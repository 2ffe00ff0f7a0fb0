"""Events as clients send them."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

Json = dict[str, object]


def a_minute_ago() -> str:
    return (datetime.now(UTC) - timedelta(minutes=1)).isoformat()


def order(**changes: object) -> Json:
    """An order as it should be, but for the changes; ``...`` leaves a field out."""
    event: Json = {
        "event_id": uuid4().hex,
        "event_type": "order_placed",
        "order_id": uuid4().hex,
        "user_id": "ada",
        "item_id": "ramen",
        "price": "13.50",
        "event_timestamp": a_minute_ago(),
    }
    return {name: value for name, value in {**event, **changes}.items() if value is not ...}


def click(**changes: object) -> Json:
    """A click as it should be, but for the changes."""
    return order(event_type="click", order_id=..., price=..., **changes)


def encoded(event: object) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode()
