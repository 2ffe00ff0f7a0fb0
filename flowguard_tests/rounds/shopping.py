"""Random histories for attribution: few people, instants that tie, borders of window and month, repeats, refunds."""

import json
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from flowguard_tests.rounds.histories import Sent

WINDOW = timedelta(minutes=30)
_TICK = timedelta(microseconds=1)
MIDNIGHT = datetime(2026, 11, 1)
INSTANTS = tuple(
    base + shift
    for base in (MIDNIGHT, datetime(2026, 11, 19, 12))
    for shift in (
        -2 * WINDOW, -WINDOW - _TICK, -WINDOW, -WINDOW + _TICK, -timedelta(seconds=1, milliseconds=500), -_TICK,
        timedelta(0), _TICK, WINDOW, WINDOW + _TICK,
    )
)  # fmt: skip


@st.composite
def records(draw: st.DrawFn) -> Sent:
    kind = draw(st.sampled_from(["click"] * 5 + ["order_placed"] * 4 + ["order_refunded", "impression"]))
    ordered = kind.startswith("order")
    event: dict[str, Any] = {
        "event_type": kind,
        "event_id": f"{kind[0]}{draw(st.integers(0, 6))}",
        "user_id": f"u{draw(st.integers(0, 2))}",
        "item_id": f"i{draw(st.integers(0, 2))}",
        "category": f"c{draw(st.integers(0, 1))}",
        "event_timestamp": draw(st.sampled_from(INSTANTS)).isoformat() + "Z",
    }
    if ordered:
        event |= {"order_id": f"o{draw(st.integers(0, 3))}", "price": draw(st.sampled_from(["0.01", "9.90", "12.00"]))}
    lag = draw(st.sampled_from([0, 0, 1, 1000]))
    topic = "orders.v1" if ordered else "clicks.v1"
    return Sent(topic, draw(st.integers(0, 1)), lag, json.dumps(event).encode())


rounds = st.lists(st.lists(records(), min_size=1, max_size=10), min_size=1, max_size=6)
