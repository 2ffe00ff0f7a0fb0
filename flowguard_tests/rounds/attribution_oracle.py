"""Attribution in plain Python, order by order, and once more by polars: two opinions that share no text with ours."""

from datetime import timedelta
from typing import Any

import polars as pl

from flowguard_tests.rounds.shopping import WINDOW

Row = dict[str, Any]
KEYS = ("order_id", "order_timestamp", "model")


def attributed(orders: list[Row], clicks: list[Row], window: timedelta = WINDOW) -> list[Row]:
    """What each order and model must say. ``clicks`` may hold impressions too."""
    return [
        _row(order, model, _candidates(order, clicks, window))
        for order in orders
        for model in ("last_click", "first_click")
    ]


def _candidates(order: Row, clicks: list[Row], window: timedelta) -> list[Row]:
    own = [c for c in clicks if c["event_type"] == "click" and c["user_id"] == order["user_id"]]
    near = [c for c in own if timedelta(0) <= order["order_timestamp"] - c["event_timestamp"] <= window]
    return sorted(near, key=lambda c: (c["event_timestamp"], c["event_id"]))


def _row(order: Row, model: str, candidates: list[Row]) -> Row:
    click = None if not candidates else candidates[-1 if model == "last_click" else 0]
    copied = ("order_id", "order_date", "order_timestamp", "user_id", "item_id", "category", "price")
    lag = click and order["order_timestamp"] - click["event_timestamp"]
    return {
        **{name: order[name] for name in copied},
        "model": model,
        "click_event_id": click and click["event_id"],
        "clicked_item_id": click and click["item_id"],
        "clicked_category": click and click["category"],
        "click_timestamp": click and click["event_timestamp"],
        "seconds_to_order": None if lag is None else lag // timedelta(seconds=1),
        "same_item": click and click["item_id"] == order["item_id"],
        "credit": 1,
    }


def by_join_asof(orders: pl.DataFrame, clicks: pl.DataFrame, window: timedelta = WINDOW) -> pl.DataFrame:
    """order_id, order_timestamp and click_event_id by last_click. Of clicks at one instant the last is kept before."""
    own = (
        clicks.filter(pl.col("event_type") == "click")
        .sort("event_timestamp", "event_id")
        .unique(["user_id", "event_timestamp"], keep="last", maintain_order=True)
        .select("user_id", "event_timestamp", click_event_id="event_id")
    )
    return (
        orders.sort("order_timestamp")
        .join_asof(
            own,
            left_on="order_timestamp",
            right_on="event_timestamp",
            by="user_id",
            tolerance=window,
            check_sortedness=False,
        )
        .select("order_id", "order_timestamp", "click_event_id")
        .sort("order_id", "order_timestamp")
    )
