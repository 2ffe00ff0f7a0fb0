"""The daily report in Dagster: its schedule, its runs, what people see of it, and who is told."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from pydantic import SecretStr

from flowguard.defs.alerts import tell
from flowguard.defs.everything import everything
from flowguard.defs.keys import key_of
from flowguard.defs.resources import Home
from flowguard.settings import Settings, load_settings
from flowguard_tests.alerts.inbox import Inbox
from flowguard_tests.defs.conftest import Send
from flowguard_tests.defs.test_runs_and_backfills import backfill, check_of, days, run

TABLE = "gold.daily_report"
TODAY = datetime.now(UTC).date()


def evaluated(settings: Settings, at: datetime) -> Any:
    repository = everything(settings).get_repository_def()
    context = dg.build_schedule_context(scheduled_execution_time=at, repository_def=repository)
    return repository.get_schedule_def("report_schedule").evaluate_tick(context).run_requests


@pytest.mark.parametrize(
    ("zone", "at", "reported"),
    [
        ("UTC", "2026-11-24T06:00:00+00:00", "2026-11-23"),
        ("Asia/Tokyo", "2026-11-24T06:00:00+09:00", "2026-11-22"),
        ("America/New_York", "2026-11-24T20:00:00-05:00", "2026-11-24"),
    ],
)
def test_it_is_on_the_last_utc_day_that_is_over(settings: Settings, zone: str, at: str, reported: str) -> None:
    given = load_settings(
        settings.home, start_date=date(2026, 11, 1), report_schedule="30 5 * * *", report_time_zone=zone
    )
    schedule = everything(given).get_repository_def().get_schedule_def("report_schedule")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 5 * * *", zone)
    [request] = evaluated(given, datetime.fromisoformat(at))
    assert request.partition_key == reported
    assert request.run_config["ops"] == {"daily_report": {"config": {"send": True}}}


def test_a_run_shows_the_report_and_sends_it(
    quick: Settings, box: Inbox, instance: dg.DagsterInstance, send: Send
) -> None:
    settings = quick.model_copy(update={"alert_urls": (SecretStr(box.url),)})
    definitions = everything(settings)
    send(3, days_ago=1)
    assert run(definitions, instance, "ingestion").success
    assert run(definitions, instance, "gold").success
    [request] = evaluated(quick, datetime.combine(TODAY, datetime.min.time(), UTC) + timedelta(hours=6))
    asked = {"partition_key": request.partition_key, "run_config": request.run_config}
    assert run(definitions, instance, "report", **asked).success

    [told] = instance.fetch_materializations(key_of(TABLE), limit=5).records
    assert told.partition_key == max(days(1))
    metadata = told.asset_materialization.metadata  # type: ignore[union-attr]
    page = quick.home / "reports" / f"{max(days(1))}.html"
    assert metadata["page"].value == str(page) and "3 orders" in page.read_text()
    assert str(metadata["report"].value) == page.with_suffix(".md").read_text()
    home = Home(settings)
    tell(instance, home, ())
    home.close()
    assert box.titles == [f"daily report {max(days(1))}"]
    assert box.messages[0]["message"].startswith(page.with_suffix(".md").read_text().rstrip())
    for name in ("keys_unique", "rows_valid"):
        evaluation = check_of(instance, TABLE, name)
        assert evaluation is not None and evaluation.passed, name


def test_a_backfill_of_many_days_is_one_run_and_sends_nothing(quick: Settings, instance: dg.DagsterInstance) -> None:
    result = backfill(everything(quick), instance, [TABLE], min(days(2)), max(days(0)))
    assert result.success
    assert instance.get_materialized_partitions(key_of(TABLE)) == days(0, 1, 2)
    home = Home(quick)
    assert home.warehouse.query("SELECT COUNT(*) FROM ops.alerts").item() == 0
    stored = home.warehouse.query(f"SELECT date, headline FROM {TABLE}").rows()
    home.close()
    assert {str(day) for day, _ in stored} == days(0, 1, 2)
    assert {headline for _, headline in stored} == {"No order, impression or click is known of this day."}
