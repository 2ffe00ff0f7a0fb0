"""Spark makes of a home's Bronze what DuckDB makes of it: every table, row for row, with all columns."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from flowguard.models.scope import days
from flowguard.settings import Settings
from flowguard_tests.spark import nasty
from flowguard_tests.spark.lake import Run, assert_equal_tables

SOME = [days(date(2026, 10, 24), date(2026, 10, 26)), days(date(2026, 11, 1), date(2026, 11, 1))]
pytestmark = pytest.mark.timeout(900)  # on a busy machine


def test_every_table_is_equal(nasty_home: Settings, spark: Run, tmp_path: Path) -> None:
    tables = assert_equal_tables(nasty_home, nasty.ALL, spark, tmp_path)
    assert all(rows.height for rows in tables.values()), "a table without rows shows nothing"
    assert str(tables["gold.daily_order_metrics"]["avg_order_value"].max()) == nasty.HIGHEST


@pytest.mark.faults  # for its length
def test_some_days_are_equal_with_other_settings(nasty_home: Settings, spark: Run, tmp_path: Path) -> None:
    """The days around stay as they are, and revisions rise where less is attributed."""
    settings = nasty_home.model_copy(
        update={"attribution_window": timedelta(minutes=7), "attribution_models": ("last_click",)}
    )
    attributed = assert_equal_tables(settings, SOME, spark, tmp_path)["silver.attributed_orders"]
    assert set(attributed["model"]) == {"last_click"}
    assert {1, 2} <= set(attributed["revision"])
