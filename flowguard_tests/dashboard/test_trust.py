"""A mark tells what is wrong with the figures that it stands beside, and only with those."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from flowguard.dashboard.filters import Days
from flowguard.dashboard.trust import Dirty, Failing, State, trust

DAY = date(2026, 3, 10)
WEEK = Days(date(2026, 3, 4), DAY)
SECOND = timedelta(seconds=1)
WELL = State(
    at=datetime(2026, 3, 10, 12, 0, 5),
    committed_at=datetime(2026, 3, 10, 11, 59, 58),
    waiting=timedelta(0),
    gold_behind=timedelta(0),
    dirty=(),
    failing=(),
    limit=timedelta(minutes=5),
)
TABLES = {"gold.daily_order_metrics"}
BROKEN = Failing("silver.orders_cleaned", "rows_valid", DAY, "ERROR", 3, False)


def marks(state: State, tables: set[str] = TABLES, days: Days = WEEK) -> tuple[str, str, str]:
    found = trust(state, tables, days)
    return found.level, found.freshness.text, found.checks.text


def test_all_is_well() -> None:
    assert marks(WELL) == ("good", "Fresh at 12:00:05 UTC", "Checks hold")


@pytest.mark.parametrize(
    ("changes", "level", "text"),
    [
        ({"committed_at": None}, "warn", "No events yet"),
        ({"waiting": None}, "warn", "Last events 11:59:58 UTC; Kafka does not answer"),
        ({"waiting": 3 * SECOND}, "good", "Fresh to within 3 s"),
        ({"waiting": 420 * SECOND}, "bad", "Late: records wait for 7 min; last events 11:59:58 UTC"),
        (
            {"waiting": 420 * SECOND, "committed_at": datetime(2026, 3, 8, 1, 2, 3)},
            "bad",
            "Late: records wait for 7 min; last events 08 Mar 2026 01:02:03 UTC",
        ),
        ({"dirty": [Dirty("silver.orders_cleaned", DAY)], "gold_behind": 9 * SECOND}, "good", "Fresh to within 9 s"),
        (
            {"dirty": [Dirty("silver.orders_cleaned", DAY)], "gold_behind": 600 * SECOND},
            "bad",
            "Late: GOLD has not followed for 10 min (2026-03-10)",
        ),
        (
            {"dirty": [Dirty("silver.clicks_cleaned", DAY)], "gold_behind": 600 * SECOND},
            "good",
            "Fresh at 12:00:05 UTC",
        ),
        (
            {"dirty": [Dirty("silver.orders_cleaned", date(2026, 1, 1))], "gold_behind": 600 * SECOND},
            "good",
            "Fresh at 12:00:05 UTC",
        ),
    ],
)
def test_freshness(changes: dict[str, object], level: str, text: str) -> None:
    assert marks(replace(WELL, **changes))[:2] == (level, text)


@pytest.mark.parametrize(
    ("failing", "level", "text"),
    [
        (BROKEN, "bad", "Fails: orders_cleaned rows_valid"),
        (BROKEN._replace(severity="WARN"), "warn", "Warns: orders_cleaned rows_valid"),
        (BROKEN._replace(overridden=True), "warn", "Warns: orders_cleaned rows_valid"),
        (BROKEN._replace(day=None), "bad", "Fails: orders_cleaned rows_valid"),
        (BROKEN._replace(day=date(2026, 3, 1)), "good", "Checks hold"),
        (BROKEN._replace(table="silver.clicks_cleaned"), "good", "Checks hold"),
        # What happened in these days may have arrived on any later one, but on no earlier one.
        (BROKEN._replace(table="bronze.orders_raw", day=date(2026, 3, 20)), "bad", "Fails: orders_raw rows_valid"),
        (BROKEN._replace(table="bronze.orders_raw", day=date(2026, 3, 1)), "good", "Checks hold"),
    ],
)
def test_checks(failing: Failing, level: str, text: str) -> None:
    found = marks(replace(WELL, failing=[failing]))
    assert (found[0], found[2]) == (level, text)


def test_many_checks_are_counted() -> None:
    failing = [BROKEN._replace(check=f"check_{number}") for number in range(4)] + [BROKEN._replace(check="check_0")]
    assert (
        marks(replace(WELL, failing=failing))[2] == "Fails: orders_cleaned check_0, orders_cleaned check_1 and 2 more"
    )


def test_days_that_gold_has_not_followed_are_known_however_short_it_is() -> None:
    dirty = [
        Dirty("silver.orders_cleaned", DAY),
        Dirty("silver.clicks_cleaned", DAY),
        Dirty("silver.orders_cleaned", date(2026, 1, 1)),
    ]
    assert trust(replace(WELL, dirty=dirty), TABLES, WEEK).behind == [DAY]
