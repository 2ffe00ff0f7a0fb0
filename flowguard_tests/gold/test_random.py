"""GOLD of some weeks of random traffic, in rounds that come in no order, is what polars makes of it."""

import json
from datetime import datetime, timedelta
from random import Random

from flowguard.rounds import gold
from flowguard.rounds.commit import commit
from flowguard_tests.gold import in_polars
from flowguard_tests.gold.shop import Shop
from flowguard_tests.rounds.histories import Feeder, Sent

START, DAYS = datetime(2026, 10, 25), 24
KINDS = ["impression"] * 6 + ["click"] * 4 + ["order_placed"] * 2 + ["order_refunded"]


def traffic(random: Random, count: int) -> list[Sent]:
    """Few people at lively hours; dishes that change their names and categories; a repeat now and then."""
    sent: list[Sent] = []
    for number in range(count):
        kind = random.choice(KINDS)
        minutes = random.randrange(DAYS * 24 * 4) * 15 + random.choice([0, 0, 1, 14])
        event = {
            "event_id": f"e{number}",
            "event_type": kind,
            "user_id": f"u{int(random.paretovariate(0.7)) % 150}",
            "session_id": random.choice([None, f"s{random.randrange(400)}"]),
            "item_id": f"i{random.randrange(12)}",
            "item_name": f"name {random.randrange(3)}",
            "category": f"c{random.randrange(4)}",
            "event_timestamp": f"{(START + timedelta(minutes=minutes)).isoformat()}Z",
        }
        if kind.startswith("order"):
            event |= {"order_id": f"o{random.randrange(count)}", "price": f"{random.randrange(1, 3000) / 100:.2f}"}
        topic = "orders.v1" if kind.startswith("order") else "clicks.v1"
        sent.append(Sent(topic, random.randrange(2), 1, json.dumps(event).encode()))
        if random.random() < 0.05:
            sent.append(random.choice(sent))
    return sent


def test_gold_is_what_polars_makes_of_random_traffic(shop: Shop) -> None:
    events = traffic(Random(6), 3000)
    feeder = Feeder(shop.settings, shop.warehouse)
    for size in (2500, 60, len(events)):
        batch, events = events[:size], events[size:]
        with shop.warehouse.session() as session:
            assert commit(session, feeder.chunk(batch), shop.settings) is not None
        gold.refresh(shop.warehouse, shop.settings)
        in_polars.assert_right(in_polars.read(shop.warehouse))
    assert shop.rows("user_engagement", "COUNT(*)") == [(DAYS,)]
    assert shop.dirty() == []
