"""Backfills that have ended, each told of once: done, or what is left."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import dagster as dg
from dagster._core.execution.backfill import BULK_ACTION_TERMINAL_STATUSES, BulkActionsFilter, PartitionBackfill

from flowguard.alerts.condition import Condition, Link
from flowguard.alerts.links import Links
from flowguard.defs.failed_runs import FIRST_TAG, LAST_TAG, ended_at, is_backfill, why
from flowguard.defs.keys import name_of
from flowguard.defs.partitions import days_between

LOOK_BACK = timedelta(days=1)
"""One that ended earlier is no news, for instance on the first day that alerts are kept."""
_LONGEST = timedelta(days=7)
_MOST = 20
_MOST_TABLES_NAMED = 5
_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_BACKFILL_TAG = "dagster/backfill"


def ended_backfills(instance: dg.DagsterInstance, told: Collection[str], links: Links) -> Iterator[Condition]:
    """A condition for each that ended lately: Dagster's, and single runs over a range of days. ``told``: the keys of
    those that were told of before, which are not looked into again."""
    since = datetime.now(UTC) - LOOK_BACK
    for backfill in _backfills(instance):
        key = f"backfill {backfill.backfill_id}"
        if key not in told and (backfill.backfill_end_timestamp or 0.0) > since.timestamp():
            filters = dg.RunsFilter(tags={_BACKFILL_TAG: backfill.backfill_id})
            ended = datetime.fromtimestamp(backfill.backfill_end_timestamp or 0.0, UTC)
            yield _condition(
                instance, key, instance.get_run_records(filters), links.backfill(backfill.backfill_id), ended, links
            )
    ranges = dg.RunsFilter(statuses=_ENDED, updated_after=since)
    for record in instance.get_run_records(ranges, limit=_MOST):
        run = record.dagster_run
        key = f"backfill {run.run_id}"
        if is_backfill(run) and _BACKFILL_TAG not in run.tags and key not in told:
            yield _condition(instance, key, [record], links.run(run.run_id), ended_at(record), links)


def _backfills(instance: dg.DagsterInstance) -> Sequence[PartitionBackfill]:
    filters = BulkActionsFilter(
        statuses=list(BULK_ACTION_TERMINAL_STATUSES), created_after=datetime.now(UTC) - _LONGEST
    )
    return instance.get_backfills(filters=filters, limit=_MOST)


def _condition(
    instance: dg.DagsterInstance,
    key: str,
    records: Sequence[dg.RunRecord],
    page: Link,
    ended: datetime,
    links: Links,
) -> Condition:
    runs = [record.dagster_run for record in records]
    bad = [run for run in runs if run.status != dg.DagsterRunStatus.SUCCESS]
    days = sorted({day for run in runs for day in _days(run)})
    tables = sorted({name_of(asset) for run in runs for asset in run.asset_selection or ()})
    what = f"backfill of {_tables(tables)}{_span(days)}"
    if not bad and runs:
        text, title = f"Done: {_span(days).strip() or 'everything'} of {', '.join(tables)}.", f"{what} is done"
    else:
        text, title = _what_is_left(instance, bad), f"{what} ended before it was done"
    return Condition(
        key=key,
        kind="backfill",
        severity="info",
        title=title,
        text=text,
        since=ended.replace(tzinfo=None),
        to_do="" if not bad else "launch it again for what is left: what is done is whole and stays as it is",
        days=tuple(days[:1] + days[-1:]) if len(days) > 1 else tuple(days),
        links=(page, *(links.run(run.run_id) for run in bad[:1])),
    )


def _days(run: dg.DagsterRun) -> list[date]:
    if FIRST_TAG in run.tags:
        first, last = (date.fromisoformat(run.tags[tag]) for tag in (FIRST_TAG, LAST_TAG))
        return list(days_between(first, last))
    day = run.tags.get("dagster/partition")
    return [date.fromisoformat(day)] if day else []


def _what_is_left(instance: dg.DagsterInstance, bad: Sequence[dg.DagsterRun]) -> str:
    """By table, the days that no materialization was told of."""
    if not bad:
        return "It was ended before it launched a run; nothing was changed."
    left: dict[str, list[date]] = defaultdict(list)
    for run in bad:
        told = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION).records
        done = {(record.asset_key, record.partition_key) for record in told}
        for asset in run.asset_selection or ():
            left[name_of(asset)] += [day for day in _days(run) if (asset, str(day)) not in done]
    lines = [f"- {table}:{_span(sorted(days))} ({len(days)} days)" for table, days in sorted(left.items()) if days]
    ended = "It was stopped." if bad[0].status == dg.DagsterRunStatus.CANCELED else why(instance, bad[0].run_id)
    return "\n".join([ended, "", "Left, as far as is known:" if lines else "Every day was told of.", *lines])


def _tables(names: Sequence[str]) -> str:
    return ", ".join(names) if 0 < len(names) <= _MOST_TABLES_NAMED else f"{len(names)} tables"


def _span(days: Sequence[date]) -> str:
    if not days:
        return ""
    return f" {days[0]}" if days[0] == days[-1] else f" {days[0]} to {days[-1]}"
