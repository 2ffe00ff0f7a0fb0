"""Scopes cover every event time, with few spans."""

from datetime import date, datetime, timedelta
from itertools import pairwise

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from flowguard.models.scope import MOST_SPANS, SMALLEST_GAP, days, ranges_of, spans

instants = st.lists(st.datetimes(datetime(2026, 10, 1), datetime(2026, 11, 21)), max_size=40)


@given(instants)
def test_spans_cover_each_instant_once(times: list[datetime]) -> None:
    scopes = spans(pl.Series(times, dtype=pl.Datetime("us")))
    assert len(scopes) <= MOST_SPANS
    for time in times:
        assert sum(scope.start <= time < scope.end for scope in scopes) == 1


def test_spans_stay_few_where_all_gaps_are_equal() -> None:
    noon = datetime(2026, 11, 21, 12)
    assert len(spans(pl.Series([noon + timedelta(days=2 * day) for day in range(300)]))) == MOST_SPANS


def test_spans_leave_out_the_largest_gaps() -> None:
    noon = datetime(2026, 11, 21, 12)
    near, far = [noon, noon + SMALLEST_GAP / 2], noon - timedelta(days=30)
    scopes = spans(pl.Series([*near, far]))
    assert [(scope.start, scope.end) for scope in scopes] == [
        (far, far + timedelta(microseconds=1)),
        (noon, noon + SMALLEST_GAP / 2 + timedelta(microseconds=1)),
    ]


@given(st.sets(st.dates(date(2026, 1, 1), date(2026, 2, 1))))
def test_ranges_join_neighbouring_days(changed: set[date]) -> None:
    scopes = ranges_of(changed)
    covered = [
        day for scope in scopes for day in pl.date_range(scope.first_day, scope.end_day, closed="left", eager=True)
    ]
    assert covered == sorted(changed)
    assert all(later.first_day > earlier.end_day for earlier, later in pairwise(scopes))


def test_days_are_half_open() -> None:
    scope = days(date(2026, 11, 20), date(2026, 11, 20))
    assert (scope.start, scope.end) == (datetime(2026, 11, 20), datetime(2026, 11, 21))
    assert (scope.first_day, scope.end_day) == (date(2026, 11, 20), date(2026, 11, 21))
