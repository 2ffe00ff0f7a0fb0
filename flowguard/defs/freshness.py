"""Freshness: nothing waits for longer than the limit, neither records in Kafka nor changes that GOLD has to follow.

Evaluated by a sensor of its own and without a run, because ingestion that is dead cannot say that it is late.
"""

import time
from collections.abc import Iterator, Mapping
from datetime import timedelta

import dagster as dg
import msgspec

from flowguard.defs.keys import key_of
from flowguard.defs.resources import Home
from flowguard.errors import FlowGuardError
from flowguard.rounds.lateness import oldest_dirty, waiting_for
from flowguard.settings import Settings

NAME = "freshness"
REPEAT_SECONDS = 900.0
"""A state that lasts is told again this often."""
GOLD_TABLE = "gold.flow_ledger"
TABLES = ("bronze.orders_raw", "bronze.clicks_raw", "ops.quarantine", GOLD_TABLE)


class Told(msgspec.Struct):
    """What the sensor remembers: which tables were fresh, when it said so, and since when (Unix seconds) GOLD has not
    seen its oldest change."""

    fresh: dict[str, bool] = {}
    at: float = 0.0
    oldest: int | None = None
    oldest_since: float = 0.0


def freshness_check() -> dg.AssetChecksDefinition:
    @dg.multi_asset_check(
        name=NAME,
        specs=[
            dg.AssetCheckSpec(NAME, asset=key_of(table), description="Nothing waits for longer than the limit")
            for table in TABLES
        ],
        can_subset=True,
    )
    def freshness(
        context: dg.AssetCheckExecutionContext, home: dg.ResourceParam[Home]
    ) -> Iterator[dg.AssetCheckResult]:
        for evaluation in _evaluations(home, Told()).values():
            if evaluation.asset_check_key in context.selected_asset_check_keys:
                yield dg.AssetCheckResult(
                    passed=evaluation.passed,
                    asset_key=evaluation.asset_key,
                    check_name=NAME,
                    severity=evaluation.severity,
                    description=evaluation.description,
                    metadata=evaluation.metadata,
                )

    return freshness


def freshness_sensor(settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(
        name="freshness_sensor",
        asset_selection=dg.AssetSelection.assets(*map(key_of, TABLES)),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=10,
        description=f"Says which tables are later than {settings.freshness_limit}, on change and every 15 minutes",
    )
    def freshness_sensor(context: dg.SensorEvaluationContext, home: dg.ResourceParam[Home]) -> dg.SensorResult:
        told = msgspec.json.decode(context.cursor, type=Told) if context.cursor else Told()
        evaluations = _evaluations(home, told)
        fresh = {table: evaluation.passed for table, evaluation in evaluations.items()}
        if fresh == told.fresh and time.time() - told.at < REPEAT_SECONDS:
            return dg.SensorResult(skip_reason="nothing changed", cursor=_cursor(told))
        told.fresh, told.at = fresh, time.time()
        return dg.SensorResult(asset_events=list(evaluations.values()), cursor=_cursor(told))

    return freshness_sensor


def _cursor(told: Told) -> str:
    return msgspec.json.encode(told).decode()


def _evaluations(home: Home, told: Told) -> dict[str, dg.AssetCheckEvaluation]:
    """One evaluation per table; ``told`` keeps GOLD's clock."""
    limit = home.settings.freshness_limit
    try:
        waiting: Mapping[str, timedelta] = waiting_for(home.settings, home.warehouse, home.broker)
    except FlowGuardError as error:
        late = {table: _evaluation(table, False, f"unknown: {error}", {}) for table in TABLES[:-1]}
    else:
        late = {
            table: _evaluate(table, waiting[topic], limit, "its oldest unread record has been waiting in Kafka")
            for table, topic in zip(TABLES, home.settings.topics, strict=False)
        }
    behind = _gold_behind(home, told)
    return late | {GOLD_TABLE: _evaluate(GOLD_TABLE, behind, limit, "GOLD has not followed a change")}


def _gold_behind(home: Home, told: Told) -> timedelta:
    oldest = oldest_dirty(home.warehouse)
    if oldest != told.oldest:
        told.oldest, told.oldest_since = oldest, time.time()
    return timedelta(0) if oldest is None else timedelta(seconds=time.time() - told.oldest_since)


def _evaluate(table: str, waiting: timedelta, limit: timedelta, what: str) -> dg.AssetCheckEvaluation:
    description = f"{what} for {waiting.total_seconds():.0f} s" if waiting else "nothing is waiting"
    seconds = {"seconds_waiting": waiting.total_seconds(), "limit_seconds": limit.total_seconds()}
    return _evaluation(table, waiting <= limit, description, seconds)


def _evaluation(table: str, passed: bool, description: str, metadata: Mapping[str, float]) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        passed=passed,
        asset_key=key_of(table),
        check_name=NAME,
        severity=dg.AssetCheckSeverity.ERROR,
        description=description,
        metadata={name: dg.MetadataValue.float(value) for name, value in metadata.items()},
    )
