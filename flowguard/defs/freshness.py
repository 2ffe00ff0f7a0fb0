"""Freshness: nothing waits for longer than the limit, neither records in Kafka nor changes that GOLD has to follow.

Evaluated by a sensor of its own and without a run, because ingestion that is dead cannot say that it is late. What was
materialized does not count, so a backfill of last month makes nothing fresh. But Dagster's pages take an evaluation for
outdated that is older than the newest materialization, or than a run that has the check in its selection and skips it:
after these it is told again.
"""

import time
from collections.abc import Iterator, Mapping

import dagster as dg
import msgspec
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as Target,
)
from dagster._core.instance.utils import RUNLESS_RUN_ID
from dagster._record import replace

from flowguard.defs.keys import key_of, name_of
from flowguard.defs.resources import Home
from flowguard.defs.runs import errors_for_people
from flowguard.errors import BrokerUnavailable, FlowGuardError
from flowguard.rounds.holds import Held, waiting
from flowguard.rounds.lateness import State, Verdict, look
from flowguard.settings import Settings

NAME = "freshness"
REPEAT_SECONDS = 900.0
"""A state that lasts is told again this often."""
GOLD_TABLE = "gold.flow_ledger"
INGESTED = ("bronze.orders_raw", "bronze.clicks_raw", "ops.quarantine")
TABLES = (*INGESTED, GOLD_TABLE)
Evaluations = dict[str, dg.AssetCheckEvaluation]
"""By table."""


class Told(msgspec.Struct):
    """What the sensor remembers: how each table was, when it said so, and which materialization was the newest then;
    since when (Unix seconds) Kafka does not answer, and GOLD has not seen its oldest change."""

    states: dict[str, str] = {}
    at: float = 0.0
    materialized: dict[str, int] = {}
    unreachable_since: float | None = None
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
        with errors_for_people(context):
            evaluations = _topics(home) | _gold(home, Told())
        for evaluation in evaluations.values():
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
        materialized, superseded = _newest_materializations(context.instance), _superseded(context.instance)
        evaluations = _patiently(home, told) | _gold(home, told)
        states = told.states | {table: _state_of(evaluation) for table, evaluation in evaluations.items()}
        outdated = superseded or _outdated(evaluations, materialized, told)
        if states == told.states and not outdated and time.time() - told.at < REPEAT_SECONDS:
            return dg.SensorResult(skip_reason="nothing changed", cursor=_cursor(told))
        told.states, told.at = states, time.time()
        told.materialized = {table: newest.storage_id for table, newest in materialized.items()}
        events = [_about(evaluation, materialized.get(table)) for table, evaluation in evaluations.items()]
        return dg.SensorResult(asset_events=events, cursor=_cursor(told))

    return freshness_sensor


def _cursor(told: Told) -> str:
    return msgspec.json.encode(told).decode()


def _state_of(evaluation: dg.AssetCheckEvaluation) -> str:
    return f"{evaluation.severity.value if not evaluation.passed else ''} {evaluation.metadata['state'].value}"


def _newest_materializations(instance: dg.DagsterInstance) -> dict[str, Target]:
    """Of each table that was materialized at all."""
    found = {}
    for record in instance.get_asset_records([*map(key_of, TABLES)]):
        if newest := record.asset_entry.last_materialization_record:
            found[name_of(record.asset_entry.asset_key)] = Target(
                storage_id=newest.storage_id, run_id=newest.run_id, timestamp=newest.timestamp
            )
    return found


def _about(evaluation: dg.AssetCheckEvaluation, newest: Target | None) -> dg.AssetCheckEvaluation:
    """Which materialization is meant: otherwise Dagster compares times, of which SQLite keeps whole seconds."""
    return replace(evaluation, target_materialization_data=newest)


def _superseded(instance: dg.DagsterInstance) -> bool:
    """Whether a run has evaluated or skipped a check since the sensor, or is going to: Dagster shows that instead."""
    keys = [dg.AssetCheckKey(key_of(table), NAME) for table in TABLES]
    records = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    return any(record.run_id != RUNLESS_RUN_ID for record in records.values())


def _outdated(evaluations: Evaluations, materialized: Mapping[str, Target], told: Told) -> bool:
    """Whether something that is not fresh was materialized since it was told."""
    stale = [table for table, evaluation in evaluations.items() if not evaluation.passed and table in materialized]
    return any(materialized[table].storage_id != told.materialized.get(table) for table in stale)


def _patiently(home: Home, told: Told) -> Evaluations:
    """Nothing new is said of the topics while Kafka does not answer, until that takes longer than the limit."""
    try:
        evaluations = _topics(home)
    except BrokerUnavailable as error:
        told.unreachable_since = told.unreachable_since or time.time()
        seconds = time.time() - told.unreachable_since
        if seconds <= home.settings.freshness_limit.total_seconds():
            return {}
        return _unknown("unreachable", f"for {seconds:,.0f} s Kafka has not answered: {error}")
    except FlowGuardError as error:
        evaluations = _unknown("unknown", str(error))
    told.unreachable_since = None
    return evaluations


def _topics(home: Home) -> Evaluations:
    """Raises BrokerUnavailable."""
    verdicts = look(home.settings, home.warehouse, home.broker)
    return {table: _verdict(table, verdict) for table, verdict in zip(INGESTED, verdicts, strict=True)}


def _verdict(table: str, verdict: Verdict) -> dg.AssetCheckEvaluation:
    behind = [f"| {lag.partition} | {lag.records} | {lag.oldest_unread or ''} |" for lag in verdict.lags]
    by_partition = "\n".join(["| partition | records waiting | the oldest since (UTC) |", "|---|---|---|", *behind])
    newest = f"{verdict.newest_arrived_at:%F %T} UTC" if verdict.newest_arrived_at else "none"
    return _evaluation(
        table,
        verdict.state,
        verdict.text,
        passed=verdict.passed,
        error=verdict.state is State.stopped,
        lag_records=verdict.lag_records,
        lag_seconds=verdict.lag_seconds,
        newest_record=newest,
        by_partition=dg.MetadataValue.md(by_partition),
    )


def _unknown(state: str, text: str) -> Evaluations:
    return {table: _evaluation(table, state, f"{state}: {text}", passed=False) for table in INGESTED}


def _gold(home: Home, told: Told) -> Evaluations:
    """Whether GOLD follows; ``told`` keeps the clock of its oldest change."""
    oldest, held = waiting(home.warehouse)
    if oldest != told.oldest:
        told.oldest, told.oldest_since = oldest, time.time()
    seconds = 0.0 if oldest is None else time.time() - told.oldest_since
    if seconds > home.settings.freshness_limit.total_seconds():
        evaluation = _evaluation(
            GOLD_TABLE, "stale", f"stale: GOLD has not followed a change for {seconds:,.0f} s", passed=False
        )
    elif held:
        evaluation = _held(held)
    else:
        evaluation = _evaluation(GOLD_TABLE, "fresh", "fresh: GOLD follows", passed=True, lag_seconds=seconds)
    return {GOLD_TABLE: evaluation}


def _held(held: list[Held]) -> dg.AssetCheckEvaluation:
    """Not stale: on purpose."""
    days = ", ".join(str(one.day) for one in held)
    text = f"{held[0]}{f', and {len(held) - 1} more days' if len(held) > 1 else ''}. {held[0].advice}"
    return _evaluation(GOLD_TABLE, f"held back: {days}", text, passed=False, error=False)


def _evaluation(
    table: str, state: str, text: str, *, passed: bool, error: bool = True, **metadata: dg.MetadataValue | float | str
) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        passed=passed,
        asset_key=key_of(table),
        check_name=NAME,
        severity=dg.AssetCheckSeverity.ERROR if error else dg.AssetCheckSeverity.WARN,
        description=text,
        metadata={"state": dg.MetadataValue.text(str(state)), **metadata},
    )
