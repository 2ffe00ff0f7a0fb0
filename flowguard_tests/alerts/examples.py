"""Conditions and alerts to test with."""

from dataclasses import replace
from datetime import datetime, timedelta

from flowguard.alerts.condition import Condition, Seen

NOON = datetime(2026, 11, 25, 12)
FAILING = Condition(
    key="checks of silver.orders_cleaned",
    kind="check",
    severity="error",
    title="check rows_valid of silver.orders_cleaned fails on 2026-11-20",
    text="rows_valid: 2 failing rows.",
    since=NOON - timedelta(minutes=1),
    to_do="`flowguard doctor`",
    table="silver.orders_cleaned",
    members=frozenset({"rows_valid 2026-11-20"}),
)


def failing(**given: object) -> Condition:
    return replace(FAILING, **given)  # type: ignore[arg-type]


def seen(*conditions: Condition) -> Seen:
    return Seen(conditions)


def after(**given: float) -> datetime:
    return NOON + timedelta(**given)
