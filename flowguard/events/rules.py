"""The rules of the business, each with its name, for one event (gateway) and for a frame of events (ingestion).

No rule looks at the clock: future means later than the event's arrival plus a tolerance.
The two forms of a rule stand side by side, and a property test holds them against each other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from flowguard.events.contract import Refusal

LARGEST_PRICE = Decimal("999999999.99")
"""Of one item: ten million of them on one day still fit into the sums of GOLD, which are decimal(18,2)."""
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Limits:
    """What the rules compare with. ``start`` is naive UTC."""

    start: datetime
    currency: str
    future_tolerance: timedelta


@dataclass(frozen=True)
class Rule:
    """One rule. Both predicates are true where it is broken.

    ``frame`` works on columns event_timestamp and _arrived_at (naive UTC), currency (text) and price_exact,
    the price's decimal text without exponent (NULL for NaN and infinities).
    """

    name: str
    field: str
    message: str
    event: Callable[[Any, datetime, Limits], bool]
    frame: Callable[[Limits], pl.Expr]
    orders_only: bool = False


def naive_utc(instant: datetime) -> datetime:
    """An instant as naive UTC; what the calendar cannot hold in UTC becomes its first or last instant."""
    if instant.tzinfo is UTC:  # the usual case, five times as fast
        return instant.replace(tzinfo=None)
    try:
        return instant.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        return datetime.min if instant.year == 1 else datetime.max


def _price_broken(price: Decimal) -> bool:
    if not price.is_finite() or not 0 < price <= LARGEST_PRICE:
        return True
    return price != price.quantize(_CENT)  # the comparison is exact, whatever was rounded away


RULES = (
    Rule(
        "price",
        "price",
        f"must be above 0, at most {LARGEST_PRICE}, with at most 2 decimals",
        lambda event, arrived_at, limits: _price_broken(event.price),
        lambda limits: (
            pl.col("price_exact").str.contains(r"^0*\d{1,9}(\.\d{0,2}0*)?$").not_().fill_null(True)
            | pl.col("price_exact").str.contains(r"^[0.]*$").fill_null(True)
        ),
        orders_only=True,
    ),
    Rule(
        "currency",
        "currency",
        "is not the shop's currency",
        lambda event, arrived_at, limits: event.currency not in (None, limits.currency),
        lambda limits: pl.col("currency") != limits.currency,
        orders_only=True,
    ),
    Rule(
        "future",
        "event_timestamp",
        "is later than the event's arrival",
        lambda event, arrived_at, limits: naive_utc(event.event_timestamp) > arrived_at + limits.future_tolerance,
        lambda limits: pl.col("event_timestamp") > pl.col("_arrived_at") + limits.future_tolerance,
    ),
    Rule(
        "before_start",
        "event_timestamp",
        "is before the start date",
        lambda event, arrived_at, limits: naive_utc(event.event_timestamp) < limits.start,
        lambda limits: pl.col("event_timestamp") < limits.start,
    ),
)


def broken_rule(event: Any, arrived_at: datetime, limits: Limits) -> Refusal | None:
    """The first rule that an event breaks. ``arrived_at`` is naive UTC."""
    is_order = hasattr(event, "price")
    for rule in RULES:
        if (is_order or not rule.orders_only) and rule.event(event, arrived_at, limits):
            return Refusal(rule.name, rule.message, rule.field)
    return None


def first_broken(limits: Limits, *, orders: bool) -> pl.Expr:
    """The same for a frame: the name of the first rule that each row breaks, NULL where none."""
    return pl.coalesce(
        pl.when(rule.frame(limits)).then(pl.lit(rule.name)) for rule in RULES if orders or not rule.orders_only
    ).alias("_rule")
