"""What a new home begins with: that it gets into the tables is seen in ``cli/test_up.py``."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from flowguard.local.beginning import EVENTS_A_DAY, beginning
from flowguard.local.shoppers import history
from flowguard.settings import load_settings

NOW = datetime(2026, 11, 24, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("history_days", "start_date", "first"),
    [
        (28, date(2024, 1, 1), date(2026, 10, 27)),
        (28, date(2026, 11, 20), date(2026, 11, 20)),
        (0, date(2024, 1, 1), None),
        (28, date(2026, 11, 24), None),
    ],
)
def test_whole_days_before_today_from_the_start_date_on(
    tmp_path: Path, history_days: int, start_date: date, first: date | None
) -> None:
    plan = beginning(load_settings(tmp_path, history_days=history_days, start_date=start_date), NOW)
    assert (plan and plan.start.date()) == first
    if plan:
        assert plan.events == (NOW.date() - plan.start.date()).days * EVENTS_A_DAY


def test_the_same_for_everybody(tmp_path: Path) -> None:
    plan = beginning(load_settings(tmp_path, history_days=1), NOW)
    assert plan
    assert [delivery.payload for delivery in history(plan)] == [delivery.payload for delivery in history(plan)]
