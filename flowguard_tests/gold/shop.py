"""A few events, one by one, as a person would tell them."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from flowguard.rounds import gold
from flowguard.rounds.commit import commit
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse
from flowguard_tests.rounds.histories import Feeder, Sent

ARRIVED = datetime(2026, 12, 24, 12)
"""Later than what is told."""
Event = dict[str, Any]


def event(kind: str, user: str, at: str, **fields: str) -> Event:
    """An event of a user, e.g. ``at="2026-11-20 10:05"``; its id is made of what it is."""
    known = {"event_type": kind, "user_id": user, "item_id": "soup", "category": "warm", "price": "9.50"}
    told = known | {"event_timestamp": f"{at.replace(' ', 'T')}:00Z"} | fields
    name = "/".join(told[field] for field in ("event_type", "user_id", "item_id", "event_timestamp"))
    return {"event_id": name, "order_id": name} | told


def order(user: str, at: str, **fields: str) -> Event:
    return event("order_placed", user, at, **fields)


def click(user: str, at: str, **fields: str) -> Event:
    return event("click", user, at, **fields)


def impression(user: str, at: str, **fields: str) -> Event:
    return event("impression", user, at, **fields)


def refund(placed: Event, at: str) -> Event:
    return event("order_refunded", placed["user_id"], at, order_id=placed["order_id"])


class Shop:
    """A warehouse that is told events, round by round."""

    def __init__(self, settings: Settings, warehouse: Warehouse, since: datetime = ARRIVED) -> None:
        """``since``: when events begin to arrive, naive UTC."""
        self.settings, self.warehouse = settings, warehouse
        self._feeder = Feeder(settings, warehouse, since=since)

    def tell(self, *events: Event) -> None:
        """One round, which GOLD follows."""
        with self.warehouse.session() as session:
            assert commit(session, self._feeder.chunk([_sent(event) for event in events]), self.settings) is not None
        gold.refresh(self.warehouse, self.settings)

    def rows(self, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
        """What a table or view of GOLD holds, sorted by the columns; decimals and days as people write them."""
        found = self.warehouse.query(f"SELECT {columns} FROM gold.{table} ORDER BY ALL")
        texts = found.select(pl.col(pl.Decimal, pl.Date).cast(pl.String), pl.exclude(pl.Decimal, pl.Date))
        return texts.select(found.columns).rows()

    def dirty(self) -> Sequence[tuple[str, str]]:
        return self.warehouse.query("SELECT table_name, CAST(day AS VARCHAR) FROM ops.dirty_days").rows()


def _sent(event: Event) -> Sent:
    topic = "orders.v1" if event["event_type"].startswith("order") else "clicks.v1"
    return Sent(topic, 0, 1, json.dumps(event).encode())
