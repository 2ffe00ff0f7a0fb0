"""Checks in a run: evaluated beside it, and what could not be evaluated is later."""

from collections.abc import Collection
from datetime import UTC, date, datetime
from threading import Event
from unittest import mock

import dagster as dg
import pytest

from flowguard.checks.check import Check
from flowguard.defs import checks
from flowguard.defs.keys import key_of
from flowguard.errors import WarehouseBusy
from flowguard.rounds.evaluation import Outcome, evaluate
from flowguard.warehouse import Warehouse

TABLE, CHECK = "silver.orders_cleaned", "keys_unique"
DAY = date(2026, 11, 20)


@pytest.fixture
def context() -> mock.Mock:
    """A run that has one check."""
    return mock.Mock(selected_asset_check_keys={dg.AssetCheckKey(key_of(TABLE), CHECK)})


def test_a_round_does_not_wait_for_checks(
    context: mock.Mock, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_now, begun = Event(), Event()

    def patiently(warehouse: Warehouse, check: Check, days: Collection[date | None]) -> Outcome:
        begun.set()
        assert open_now.wait(30)
        return evaluate(warehouse, check, days)

    monkeypatch.setattr(checks, "evaluate", patiently)
    watch = checks.Watch(context)
    watch.each_minute(warehouse, {(TABLE, DAY): 1})
    assert begun.wait(30)
    watch.each_minute(warehouse, {})
    assert not context.log_event.called
    open_now.set()
    watch.finish(warehouse)
    told = context.log_event.call_args.args[0]
    assert told.passed
    assert str(DAY) in told.metadata["partitions_looked_at"].value


def test_what_cannot_be_evaluated_now_is_later(
    context: mock.Mock, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[set[date | None]] = []

    def busy_at_first(warehouse: Warehouse, check: Check, days: Collection[date | None]) -> Outcome:
        looked_at.append(set(days))
        if len(looked_at) == 1:
            raise WarehouseBusy("compacted")
        return evaluate(warehouse, check, days)

    monkeypatch.setattr(checks, "evaluate", busy_at_first)
    watch = checks.Watch(context)
    for _ in range(2):
        watch.each_minute(warehouse, {(TABLE, DAY): 1})
        watch._wait()
    assert looked_at[0] == looked_at[1] >= {DAY, datetime.now(UTC).date()}
    watch.finish(warehouse)
