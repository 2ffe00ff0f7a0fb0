"""Rolling runs as Dagster knows them: which is in flight, and how the last ones ended."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from flowguard.errors import FlowGuardError, Terminal
from flowguard.rounds.lease import lease_is_held
from flowguard.settings import Settings

ROLLING_TAG = "flowguard/rolling"
"""Tag of the runs that sensors launch, with what they roll."""
TERMINAL_TAG = "flowguard/terminal_error"
"""Tag of a run whose error a person has to mend, with the error's name."""

_IN_FLIGHT = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.MANAGED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
LONGEST_WAIT_SECONDS = 600.0
"""Between attempts at what a person has to mend."""
LONGEST_PAUSE_SECONDS = 60.0
"""Between attempts at what may be over by itself: a broker that is back is not kept waiting for longer."""
_FIRST_WAIT_SECONDS = 10.0
_LOOK_BACK = 10
_HAS_PROCESS = (dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)
LOADED_AT = time.time()
"""When this code server came up, Unix seconds."""
_STARTING_SECONDS = 60.0
"""A run that is younger may not have come to its lease yet."""


@dataclass(frozen=True)
class Past:
    """What the last runs tell the next: the newest run's id, how many failed one after the other, and whether and
    when (Unix seconds) the last of these ended for a reason that a person has to mend."""

    last_run: str
    failures: int
    ended_at: float
    terminal: str | None

    @property
    def seconds_to_wait(self) -> float:
        """The first retry comes at once, the next ones ever later; what needs a person is seldom tried."""
        if self.failures == 0:
            return 0.0
        waits = [0.0] + [_FIRST_WAIT_SECONDS * 2**n for n in range(_LOOK_BACK)]
        wait = LONGEST_WAIT_SECONDS if self.terminal else min(waits[self.failures - 1], LONGEST_PAUSE_SECONDS)
        return max(0.0, self.ended_at + wait - time.time())


def in_flight(instance: dg.DagsterInstance, rolling: str) -> dg.RunRecord | None:
    """The run that is queued, starting or running."""
    filters = dg.RunsFilter(tags={ROLLING_TAG: rolling}, statuses=_IN_FLIGHT)
    return next(iter(instance.get_run_records(filters, limit=1)), None)


def wait_for_none(instance: dg.DagsterInstance, rolling: str, deadline: float) -> dg.RunRecord | None:
    """Wait until no run is in flight; the one that still is when monotonic time reaches ``deadline``."""
    while (record := in_flight(instance, rolling)) and time.monotonic() < deadline:
        time.sleep(1.0)
    return record


def fail_orphan(instance: dg.DagsterInstance, settings: Settings, record: dg.RunRecord, lease: str) -> bool:
    """Fail a run that nobody else will: it was started by an earlier code server, and no process holds its lease.

    A code server notices the death of its own runs at once; the runs of one that died itself stay in flight for ever.
    """
    created = record.create_timestamp.timestamp()
    running = record.dagster_run.status in _HAS_PROCESS
    if not running or created > min(LOADED_AT, time.time() - _STARTING_SECONDS) or lease_is_held(settings, lease):
        return False
    instance.report_run_failed(record.dagster_run, "its process is gone, and so is the code server that started it")
    return True


def past(instance: dg.DagsterInstance, rolling: str, last_progress: datetime | None) -> Past:
    """How the runs since the last progress (naive UTC) ended. A run that got somewhere before it failed counts once."""
    progress = last_progress.replace(tzinfo=UTC).timestamp() if last_progress else 0.0
    records = instance.get_run_records(dg.RunsFilter(tags={ROLLING_TAG: rolling}), limit=_LOOK_BACK)
    failed = []
    for record in records:
        if record.dagster_run.status != dg.DagsterRunStatus.FAILURE or (record.end_time or 0.0) < progress:
            break
        failed.append(record)
    return Past(
        last_run=records[0].dagster_run.run_id if records else "",
        failures=len(failed),
        ended_at=(failed[0].end_time or 0.0) if failed else 0.0,
        terminal=failed[0].dagster_run.tags.get(TERMINAL_TAG) if failed else None,
    )


@contextmanager
def errors_for_people(
    context: dg.AssetExecutionContext | dg.OpExecutionContext | dg.AssetCheckExecutionContext,
) -> Iterator[None]:
    """Fail the run with the message of an error that was raised on purpose, not with its traceback."""
    try:
        yield
    except FlowGuardError as error:
        if isinstance(error, Terminal):
            context.instance.add_run_tags(context.run.run_id, {TERMINAL_TAG: type(error).__name__})
        raise dg.Failure(f"{type(error).__name__}: {error}", allow_retries=False) from error
