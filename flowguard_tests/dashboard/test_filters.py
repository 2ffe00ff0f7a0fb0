"""Days and categories, however they were chosen."""

from datetime import date

import polars as pl
import pytest

from flowguard.dashboard.filters import Days, Filters, between, period

TODAY = date(2026, 3, 10)


def test_a_period_ends_today() -> None:
    assert period("7 days", TODAY) == Days(date(2026, 3, 4), TODAY)
    assert period("Today", TODAY).count == 1


def test_the_days_before_are_as_many() -> None:
    days = Days(date(2026, 3, 1), date(2026, 3, 3))
    assert days.before == Days(date(2026, 2, 26), date(2026, 2, 28))
    assert days.with_before == Days(date(2026, 2, 26), date(2026, 3, 3))
    assert list(days) == [date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)]


@pytest.mark.parametrize(
    ("chosen", "first", "last"),
    [
        ([], TODAY, TODAY),
        ([date(2026, 3, 1)], date(2026, 3, 1), date(2026, 3, 1)),
        ([date(2026, 3, 5), date(2026, 3, 1)], date(2026, 3, 1), date(2026, 3, 5)),
        ([date(2026, 3, 1), date(2030, 1, 1)], date(2026, 3, 1), TODAY),
        ([date(1900, 1, 1), TODAY], date(2024, 3, 10), TODAY),
    ],
)
def test_dates_are_ordered_and_bounded(chosen: list[date], first: date, last: date) -> None:
    assert between(chosen, TODAY) == Days(first, last)


def test_categories_choose_rows_that_have_one() -> None:
    filters = Filters(period("7 days", TODAY), ("'; DROP TABLE gold.x; --", "warm"))
    rows = pl.DataFrame({"category": ["warm", "cold", None], "n": [1, 2, 3]})
    assert filters.chosen(rows)["n"].to_list() == [1]
    assert filters.chosen(rows.drop("category")).height == 3
    assert Filters(filters.days).chosen(rows).height == 3
