"""Runs that failed or were stopped, until a later run does the same work."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from flowguard.alerts.condition import Condition
from flowguard.alerts.links import Links
from flowguard.defs.runs import LOADED_AT, ROLLING_TAG, TERMINAL_TAG
from flowguard.defs.sensors import GOLD, GOLD_IS_UP_TO_DATE, INGESTION, NOTHING_NEW
from flowguard.defs.ticks import BROKER_AWAY, Ticks

LOOK_BACK = timedelta(days=7)
"""A failure that nobody has mended in this time is left alone."""
_MOST = 50
_ENDED_BADLY = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_SHOWN_FOR = timedelta(seconds=20)
"""At least so long, because a run that is tried again at once may be mended before anybody looks."""
_CAUGHT_UP = {INGESTION: ("ingestion_sensor", NOTHING_NEW), GOLD: ("gold_sensor", GOLD_IS_UP_TO_DATE)}
_BACKFILL_TAG, FIRST_TAG, LAST_TAG = (
    "dagster/backfill",
    "dagster/asset_partition_range_start",
    "dagster/asset_partition_range_end",
)
_PARTITION_TAG = "dagster/partition"


def failed_runs(instance: dg.DagsterInstance, ticks: Ticks, links: Links) -> Iterator[Condition]:
    """A condition for each piece of work whose last run ended badly. Backfills are told of when they end."""
    filters = dg.RunsFilter(statuses=_ENDED_BADLY, updated_after=datetime.now(UTC) - LOOK_BACK)
    by_work: dict[str, list[dg.RunRecord]] = defaultdict(list)
    for record in instance.get_run_records(filters, limit=_MOST):
        if not is_backfill(record.dagster_run) and not _stopped_with_the_platform(record):
            by_work[_work(record.dagster_run)].append(record)
    for work, failed in by_work.items():
        recent = datetime.now(UTC) - ended_at(failed[0]) < _SHOWN_FOR
        if recent or not _is_mended(instance, failed[0], work, ticks):
            yield _condition(instance, _in_a_row(instance, failed), work, links)


def is_backfill(run: dg.DagsterRun) -> bool:
    """Whether a run rebuilds a range of days."""
    return _BACKFILL_TAG in run.tags or FIRST_TAG in run.tags


def ended_at(record: dg.RunRecord) -> datetime:
    """When a run ended, UTC."""
    return datetime.fromtimestamp(record.end_time or record.update_timestamp.timestamp(), UTC)


def why(instance: dg.DagsterInstance, run_id: str) -> str:
    """What a failed run said, in words for people if it had some."""
    kinds = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE}
    found = ""
    for record in instance.get_records_for_run(run_id, of_type=kinds, limit=_MOST).records:
        event = record.event_log_entry.dagster_event
        if event is not None and event.event_type == dg.DagsterEventType.STEP_FAILURE:
            data = event.step_failure_data
            meant = data.user_failure_data.description if data.user_failure_data else None
            return meant or (data.error.message.strip() if data.error else "") or found
        found = (event.message if event else None) or found
    return found


def _work(run: dg.DagsterRun) -> str:
    """What a run does, as a name that any other run that does the same has too."""
    if ROLLING_TAG in run.tags:
        return run.job_name
    day = run.tags.get(_PARTITION_TAG, "")
    if not run.asset_selection:
        return f"{run.job_name} {day}".strip()
    names = sorted(key.to_user_string() for key in run.asset_selection)
    if len(names) <= 2:
        return f"{', '.join(names)} {day}".strip()
    digest = hashlib.sha256(",".join(names).encode()).hexdigest()[:6]
    return f"{len(names)} assets ({digest}) {day}".strip()


def _stopped_with_the_platform(record: dg.RunRecord) -> bool:
    """A run that was cancelled before this code server came up, which goes on with its work by itself."""
    cancelled = record.dagster_run.status == dg.DagsterRunStatus.CANCELED
    return cancelled and ROLLING_TAG in record.dagster_run.tags and ended_at(record).timestamp() < LOADED_AT


def _is_mended(instance: dg.DagsterInstance, failed: dg.RunRecord, work: str, ticks: Ticks) -> bool:
    """A later run succeeded, or is under way past its first commit; or its sensor found that nothing is left to do."""
    rolling = failed.dagster_run.tags.get(ROLLING_TAG, "")
    if rolling in _CAUGHT_UP:
        sensor, said = _CAUGHT_UP[rolling]
        if any(t.skip_reason == said and t.timestamp > ended_at(failed).timestamp() for t in ticks.get(sensor, ())):
            return True
    filters = dg.RunsFilter(job_name=failed.dagster_run.job_name, created_after=failed.create_timestamp)
    later = (r.dagster_run for r in instance.get_run_records(filters, limit=_MOST))
    return any(_works(instance, run) for run in later if _work(run) == work)


def _works(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    return run.status == dg.DagsterRunStatus.SUCCESS or (
        run.status == dg.DagsterRunStatus.STARTED and _got_somewhere(instance, run.run_id)
    )


def _got_somewhere(instance: dg.DagsterInstance, run_id: str) -> bool:
    told = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION, limit=1)
    return bool(told.records)


def _in_a_row(instance: dg.DagsterInstance, failed: Sequence[dg.RunRecord]) -> list[dg.RunRecord]:
    """Those that failed one after the other, the newest first: back to one that had got somewhere before it failed."""
    row = []
    for record in failed:
        row.append(record)
        if _got_somewhere(instance, record.dagster_run.run_id):
            break
    return row


def _condition(instance: dg.DagsterInstance, failed: Sequence[dg.RunRecord], work: str, links: Links) -> Condition:
    run = failed[0].dagster_run
    cancelled, terminal = run.status == dg.DagsterRunStatus.CANCELED, TERMINAL_TAG in run.tags
    text = "Somebody or something stopped it." if cancelled else why(instance, run.run_id)
    rolling = run.tags.get(ROLLING_TAG)
    return Condition(
        key=f"run {work}",
        kind="run",
        severity="warning" if cancelled else "error",
        title=f"run of {work} {'was stopped' if cancelled else 'failed'}",
        text=text or "It left no reason.",
        since=ended_at(failed[-1]).replace(tzinfo=None),
        to_do=_to_do(bool(rolling), terminal),
        links=(links.run(run.run_id),),
        times=len(failed),
        follows=frozenset({"broker"} if BROKER_AWAY in text else {"gap"} if rolling == INGESTION and terminal else ()),
    )


def _to_do(rolling: bool, terminal: bool) -> str:
    if terminal:
        return "`flowguard doctor` says what a person has to decide or mend"
    if rolling:
        return "nothing, if it is soon over: it is tried again by itself. Otherwise the run's page has its log"
    return "open the run and press *Re-execute*"
