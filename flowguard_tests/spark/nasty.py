"""Random traffic in which everything that engines may see differently happens often."""

import json
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from flowguard.models.scope import days
from flowguard_tests.rounds.histories import Sent

FIRST, DAYS = datetime(2026, 10, 19), 14
"""Two weeks with the days on which clocks were turned back in Europe and in America."""
ALL = [days(date(2026, 10, 1), date(2026, 11, 30))]
"""Every day on which something happens."""
DEAREST, HIGHEST = "dearest", "9999999999999999.99"
"""The only order of its week, as no sum has room for another, once it has the highest price that its column takes."""
_ONE, _WINDOW = timedelta(microseconds=1), timedelta(minutes=30)
_KINDS = ["impression"] * 4 + ["click"] * 6 + ["order_placed"] * 4 + ["order_refunded"]
_CLOCKS = [datetime(2026, 10, 25, 2, 30), datetime(2026, 10, 25, 1, 0), datetime(2026, 11, 1, 1, 30)]
_MIDNIGHTS = [FIRST + timedelta(days=day) + by for day in range(1, DAYS) for by in (-_ONE, 0 * _ONE, _ONE)]
_AROUND = [by * _WINDOW + at * _ONE for by in (-2, -1, 0, 1) for at in (-1, 0, 1)]
# Of the last two, the first comes later in UTF-8, and earlier in UTF-16.
_TEXTS = (
    *("plain", "o'clock", 'say "soup"', "a|b", "a||b", "back\\slash", " spaces ", "line\nbreak", "tab\t", "%_"),
    *("$start", "é", "e\u0301", "ß", "İ", "🍜", "👩\u200d🍳", "日本", "\u202eright", "\U00010000", "\ufb00"),
)
_PRICES = ("0.01", "0.02", "9.99", "10", "10.5", "33.33", "99999.99")


def traffic(random: Random, count: int) -> list[Sent]:
    """One user has every fifth event; ids, times and texts come from small pools, so that everything collides."""
    anchors = [FIRST + timedelta(minutes=random.randrange(1, DAYS * 24 * 60)) for _ in range(count // 10)]
    sent: list[Sent] = []
    for number in range(count):
        kind = random.choice(_KINDS)
        event: dict[str, Any] = {
            "event_id": random.choice(
                [f"e{number}", f"e{number}", f"{random.choice(_TEXTS)}{random.randrange(count)}"]
            ),
            "event_type": kind,
            "user_id": "heavy" if random.random() < 0.2 else f"{random.choice(_TEXTS)}{random.randrange(6)}",
            "session_id": random.choice([None, random.choice(_TEXTS), f"s{random.randrange(40)}"]),
            "item_id": random.choice(_TEXTS),
            "item_name": random.choice([None, *_TEXTS]),
            "category": random.choice([None, *_TEXTS[-6:]]),
            "event_timestamp": f"{_instant(random, anchors).isoformat()}Z",
        }
        if kind.startswith("order"):
            event |= {"order_id": f"o{random.randrange(count // 3)}", "price": random.choice(_PRICES)}
        else:
            event |= {"page": random.choice([None, *_TEXTS]), "position": random.choice([None, 0, 7, 2**31 - 1])}
        sent.append(_sent(random, event))
        if random.random() < 0.1:
            sent.append(random.choice(sent[-200:]))
    return [*sent, _sent(random, _dearest())]


def _instant(random: Random, anchors: list[datetime]) -> datetime:
    kind = random.random()
    if kind < 0.1:
        return random.choice(_CLOCKS) + random.choice(_AROUND)
    if kind < 0.2:
        return random.choice(_MIDNIGHTS)
    return random.choice(anchors) + random.choice(_AROUND)


def _dearest() -> dict[str, Any]:
    return {
        "event_id": DEAREST, "event_type": "order_placed", "order_id": DEAREST, "user_id": "rich", "item_id": "gold",
        "price": "1", "event_timestamp": f"{(FIRST - timedelta(days=9, hours=3)).isoformat()}Z",
    }  # fmt: skip


def _sent(random: Random, event: dict[str, Any]) -> Sent:
    topic = "orders.v1" if event["event_type"].startswith("order") else "clicks.v1"
    told = {name: value for name, value in event.items() if value is not None}
    return Sent(topic, random.randrange(2), random.choice([0, 0, 1, 3_600_000]), json.dumps(told).encode())
