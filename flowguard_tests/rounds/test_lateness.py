"""What is said of a topic, by what waits and when something came last."""

from datetime import datetime, timedelta

import pytest

from flowguard.rounds.lateness import Lag, State, verdicts
from flowguard.settings import Settings

NOW = datetime(2026, 11, 20, 12)
LIMIT, LONG = timedelta(minutes=5), timedelta(hours=1)


def ago(**time: int) -> datetime:
    return NOW - timedelta(**time)


@pytest.mark.parametrize(
    ("lags", "state", "passed", "passed_where_traffic_is_expected"),
    [
        ([], State.no_traffic, True, False),
        ([Lag(0, 0, None, ago(seconds=9))], State.fresh, True, True),
        ([Lag(0, 0, None, ago(minutes=6))], State.no_traffic, True, True),
        ([Lag(0, 0, None, ago(hours=2))], State.no_traffic, True, False),
        ([Lag(0, 0, None, ago(hours=2)), Lag(1, 0, None, ago(seconds=1))], State.fresh, True, True),
        ([Lag(0, 3, ago(seconds=9), ago(seconds=1))], State.fresh, True, True),
        ([Lag(0, 0, None, ago(seconds=1)), Lag(1, 1, ago(minutes=6), ago(minutes=6))], State.stopped, False, False),
        ([Lag(0, 1, ago(hours=2), ago(hours=2))], State.stopped, False, False),
    ],
)
def test_three_states(
    home: Settings, lags: list[Lag], state: State, passed: bool, passed_where_traffic_is_expected: bool
) -> None:
    settings = home.model_copy(update={"freshness_limit": LIMIT})
    found, _, _ = verdicts(settings, {settings.orders_topic: lags}, NOW)
    assert (found.topic, found.state, found.passed) == (settings.orders_topic, state, passed)
    expecting = settings.model_copy(update={"expected_traffic": LONG})
    assert verdicts(expecting, {settings.orders_topic: lags}, NOW)[0].passed is passed_where_traffic_is_expected


def test_lag_in_records_and_seconds(home: Settings) -> None:
    lags = [Lag(0, 1200, ago(minutes=6), ago(minutes=1)), Lag(1, 34, ago(minutes=10), ago(minutes=9))]
    found, _, _ = verdicts(home, {home.orders_topic: lags}, NOW)
    assert (found.lag_records, found.lag_seconds, found.newest_arrived_at) == (1234, 600.0, ago(minutes=1))
    assert found.text == "pipeline stopped: 1,234 records wait to be ingested, the oldest for 600 s"


def test_nobody_expects_refused_events(home: Settings) -> None:
    expecting = home.model_copy(update={"expected_traffic": LONG})
    assert [verdict.passed for verdict in verdicts(expecting, {}, NOW)] == [False, False, True]
