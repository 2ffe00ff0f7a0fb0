"""The guard: Kafka still is what was ingested, and holds what comes next. Looked at by a sensor, without a run.

A gap stops ingestion by itself. The guard finds it also while nothing comes, and shows it as a failed check.
`flowguard.defs.conditions` makes alerts of the same.
"""

import time
from collections.abc import Sequence

import dagster as dg
import msgspec

from flowguard.defs.keys import key_of
from flowguard.defs.resources import Home
from flowguard.errors import Terminal, Transient
from flowguard.kafka.inspection import inspect
from flowguard.rounds.progress import positions

NAME = "kafka_intact"
TABLE = "ops.ingest_ranges"
REPEAT_SECONDS = 900.0
"""A state that lasts is told again this often."""
_DESCRIPTION = "Kafka is the one that was ingested, with the same topics, and holds all that comes next"


class Told(msgspec.Struct):
    """What the sensor remembers: what was wrong, by the error's name, and when it said so (Unix seconds)."""

    wrong: dict[str, str] = {}
    at: float = 0.0


def guard_check() -> dg.AssetChecksDefinition:
    @dg.asset_check(name=NAME, asset=key_of(TABLE), description=_DESCRIPTION)
    def kafka_intact(home: dg.ResourceParam[Home]) -> dg.AssetCheckResult:
        evaluation = _evaluation(what_is_wrong(home))
        return dg.AssetCheckResult(
            passed=evaluation.passed, severity=evaluation.severity, description=evaluation.description
        )

    return kafka_intact


def guard_sensor() -> dg.SensorDefinition:
    @dg.sensor(
        name="guard_sensor",
        asset_selection=dg.AssetSelection.assets(key_of(TABLE)),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=5,
        description="Says on change, and every 15 minutes, whether Kafka holds what comes next",
    )
    def guard_sensor(context: dg.SensorEvaluationContext, home: dg.ResourceParam[Home]) -> dg.SensorResult:
        told = msgspec.json.decode(context.cursor, type=Told) if context.cursor else Told()
        try:
            wrong = what_is_wrong(home)
        except Transient as error:
            return dg.SensorResult(skip_reason=f"nothing can be said: {error}", cursor=context.cursor)
        if wrong == told.wrong and time.time() - told.at < REPEAT_SECONDS:
            return dg.SensorResult(skip_reason="nothing changed", cursor=context.cursor)
        cursor = msgspec.json.encode(Told(wrong, time.time())).decode()
        return dg.SensorResult(asset_events=[_evaluation(wrong)], cursor=cursor)

    return guard_sensor


def what_is_wrong(home: Home) -> dict[str, str]:
    """What keeps ingestion from going on: texts by the error's name and its place.

    Raises:
        BrokerUnavailable: nothing can be said.
    """
    with home.warehouse.session() as session:
        reached = positions(session)
    try:
        home.broker.check_topics()
        gaps = inspect(home.broker, reached)
    except Terminal as error:
        return {type(error).__name__: str(error)}
    return {f"{gap.kind.__name__} {gap.topic} {gap.partition}": gap.text for gap in gaps}


def _evaluation(wrong: dict[str, str]) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        passed=not wrong,
        asset_key=key_of(TABLE),
        check_name=NAME,
        severity=dg.AssetCheckSeverity.ERROR,
        description=_text(list(wrong.values())),
    )


def _text(wrong: Sequence[str]) -> str:
    return f"{'; '.join(wrong)}. What to do: flowguard doctor" if wrong else _DESCRIPTION
