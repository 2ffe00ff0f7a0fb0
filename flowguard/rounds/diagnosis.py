"""Examining a home: what keeps the flow from going on, what people should know, and what to do about it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from enum import StrEnum
from typing import NamedTuple

from flowguard.checks.check import Check
from flowguard.checks.flow import EXACTLY_ONCE, LEDGER_BALANCED
from flowguard.errors import FlowGuardError
from flowguard.kafka.broker import Broker
from flowguard.kafka.gaps import ADVICE
from flowguard.kafka.inspection import inspect
from flowguard.rounds.lateness import State, look
from flowguard.rounds.progress import positions
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse, open_warehouse

_SMALLEST_FREE = 1 << 30
_DAYS = "SELECT DISTINCT arrival_date FROM ops.ingest_ranges"
_OPEN = "SELECT rule, COUNT(*) AS entries FROM ops.quarantine WHERE status = 'open' GROUP BY rule ORDER BY entries DESC"


class Level(StrEnum):
    """How serious a finding is."""

    good = "good"
    notice = "notice"
    error = "error"


class Finding(NamedTuple):
    """What was examined, how it is, and what to do."""

    level: Level
    what: str
    text: str
    advice: str = ""


def diagnose(settings: Settings) -> Iterator[Finding]:
    """Examine everything that can be, in the order of the flow; what fails does not keep the rest from being seen."""
    try:
        warehouse = open_warehouse(settings, read_only=True)
    except FlowGuardError as error:
        yield Finding(Level.error, "warehouse", str(error))
        return
    with closing(warehouse):
        yield from _disk(settings)
        yield from _guarded("kafka", lambda: _kafka(settings, warehouse))
        yield from _guarded(
            "exactly once", lambda: _check(warehouse, EXACTLY_ONCE, "each range begins where the last one ended")
        )
        yield from _guarded("ledger", lambda: _check(warehouse, LEDGER_BALANCED, "every day of every topic balances"))
        yield from _guarded("quarantine", lambda: _quarantine(warehouse))


def _guarded(what: str, examine: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from examine()
    except FlowGuardError as error:
        yield Finding(Level.error, what, str(error))


def _disk(settings: Settings) -> Iterator[Finding]:
    free = shutil.disk_usage(settings.home).free
    text = f"{free / (1 << 30):.1f} GiB free in {settings.home}"
    if free < _SMALLEST_FREE:
        yield Finding(Level.error, "disk", text, "Make room: a round that cannot be written is tried again")
    else:
        yield Finding(Level.good, "disk", text)


def _kafka(settings: Settings, warehouse: Warehouse) -> Iterator[Finding]:
    with closing(Broker(settings)) as broker:
        broker.check_topics()
        with warehouse.session() as session:
            gaps = inspect(broker, positions(session))
        for gap in gaps:
            accept = f"To accept the loss: flowguard doctor accept-gap {gap.topic} --reason …"
            yield Finding(Level.error, gap.kind.__name__, gap.text, f"{ADVICE[gap.kind]}. {accept}")
        if gaps:
            return
        yield Finding(Level.good, "kafka", f"{settings.kafka_bootstrap_servers} holds all that comes next")
        yield from _lateness(settings, warehouse, broker)


def _lateness(settings: Settings, warehouse: Warehouse, broker: Broker) -> Iterator[Finding]:
    for verdict in look(settings, warehouse, broker):
        if not verdict.passed:
            level = Level.error if verdict.state is State.stopped else Level.notice
            text = f"{verdict.topic}: {verdict.text}"
            yield Finding(level, "ingestion", text, "See whether the platform runs: flowguard status")


def _check(warehouse: Warehouse, check: Check, good: str) -> Iterator[Finding]:
    rows = warehouse.query(check.counted(warehouse.query(_DAYS).to_series().to_list()))
    if rows.is_empty():
        yield Finding(Level.good, check.name, good)
    else:
        text = f"{rows.filter(example=1)['failing_rows'].sum()} rows fail: {check.description}"
        yield Finding(Level.error, check.name, text, "See them: flowguard ledger --verify")


def _quarantine(warehouse: Warehouse) -> Iterator[Finding]:
    rules = warehouse.query(_OPEN)
    if rules.is_empty():
        yield Finding(Level.good, "quarantine", "no entry is open")
    else:
        text = ", ".join(f"{rule} {entries:,}" for rule, entries in rules.iter_rows())
        yield Finding(Level.notice, "quarantine", f"open entries: {text}", "Look at them: flowguard quarantine list")
