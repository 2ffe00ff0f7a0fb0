"""Reporting: each partition seldom, all of them at the end, only those that exist, and never at the work's cost."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from flowguard.defs import report
from flowguard.defs.describe import Description, markdown
from flowguard.defs.report import MOST_AT_ONCE, Reporter
from flowguard.settings import Settings, load_settings
from flowguard.warehouse import Spent

TODAY = datetime.now(UTC).date()
TABLE = "silver.orders_cleaned"


class Log:
    """Stands in for a run: remembers what was logged."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str | None]] = []
        self.metadata: list[dict[str, Any]] = []

    def log_event(self, event: dg.AssetMaterialization) -> None:
        self.told.append((".".join(event.asset_key.path), event.partition))
        self.metadata.append({name: value.value for name, value in event.metadata.items()})


class Billed:
    """Stands in for a warehouse that is asked for its bill."""

    def __init__(self, spent: dict[str, Spent]) -> None:
        self._spent, self.asked = spent, 0

    def spent(self) -> dict[str, Spent]:
        self.asked += 1
        return self._spent


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path, start_date=TODAY - timedelta(days=200), report_interval=timedelta(hours=1))


@pytest.fixture(autouse=True)
def described(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "describe", lambda warehouse, places: dict.fromkeys(places, Description(1, None)))


def reporter(log: Any, settings: Settings) -> Reporter:
    return Reporter(log, Billed({}), settings)  # type: ignore[arg-type]


def ago(*days: int) -> list[tuple[str, date]]:
    return [(TABLE, TODAY - timedelta(days=number)) for number in days]


def test_a_partition_is_told_of_at_once_then_seldom_and_at_the_end(own: Settings) -> None:
    log = Log()
    told = reporter(log, own)
    told.changed(ago(0), 0.1)
    told.tell_what_is_due()
    told.changed(ago(0), 0.1)
    told.tell_what_is_due()
    assert len(log.told) == 1
    with told:
        pass
    assert len(log.told) == 2


def test_what_a_table_has_cost_is_told_with_each_of_its_days_and_asked_once(own: Settings) -> None:
    log, warehouse = Log(), Billed({TABLE: Spent(4, 1.25, 2_000_000, 0.5)})
    told = Reporter(log, warehouse, own)  # type: ignore[arg-type]
    told.changed([*ago(0, 1), ("silver.clicks_cleaned", TODAY)], 0.1)
    told.tell_what_is_due()
    assert warehouse.asked == 1
    cost = {"run_statements": 4, "run_execution_seconds": 1.25, "run_bytes_scanned": 2_000_000}
    cost |= {"run_cloud_services_credits": 0.5}
    for (table, _), metadata in zip(log.told, log.metadata, strict=True):
        said = {name: value for name, value in metadata.items() if name.startswith("run_")}
        assert said == (cost if table == TABLE else {})


def test_the_newest_day_is_the_latest_that_is_told(own: Settings) -> None:
    log = Log()
    told = reporter(log, own)
    told.changed(ago(*range(60)), 0.1)
    told.tell_what_is_due()
    with told:
        pass
    at_once, at_the_end = log.told[:MOST_AT_ONCE], log.told[MOST_AT_ONCE:]
    for partitions in (at_once, at_the_end):
        assert partitions == sorted(partitions, key=str)
    assert at_once[-1] == (TABLE, str(TODAY))


def test_only_partitions_that_exist(own: Settings) -> None:
    log = Log()
    with reporter(log, own) as told:
        told.changed(ago(-1, 0, 200, 201), 0.1)
    assert [partition for _, partition in log.told] == [str(day) for _, day in ago(200, 0)]


def test_a_load_of_many_days_is_told_newest_first_a_few_at_a_time(own: Settings) -> None:
    log = Log()
    told = reporter(log, own)
    told.changed(ago(*range(100)), 0.1)
    told.tell_what_is_due()
    assert sorted(partition for _, partition in log.told) == sorted(str(day) for _, day in ago(*range(MOST_AT_ONCE)))
    with told:
        pass
    assert sorted(partition for _, partition in log.told) == sorted(str(day) for _, day in ago(*range(100)))


def test_what_cannot_be_told_stops_nothing(own: Settings) -> None:
    class Broken(Log):
        def log_event(self, event: dg.AssetMaterialization) -> None:
            raise OSError("the disk is full")

    with reporter(Broken(), own) as told:
        told.changed(ago(0), 0.1)


def test_previews_are_tables_whatever_is_in_them() -> None:
    rows = pl.DataFrame({"a": ["x|y", None], "b": ["long " * 20, "two\nlines"]})
    header, rule, *lines = markdown(rows).split("\n")
    assert (header, rule) == ("| a | b |", "|---|---|")
    assert lines[0].startswith("| x\\|y | long") and "…" in lines[0]
    assert lines[1] == "|  | two lines |"
