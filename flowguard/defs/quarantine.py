"""Quarantine from Dagster's pages: the jobs that do what ``flowguard quarantine redrive`` and ``discard`` do."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import dagster as dg
import polars as pl
from pydantic import Field

from flowguard.defs.describe import markdown
from flowguard.defs.report import Reporter
from flowguard.defs.resources import Home
from flowguard.defs.runs import errors_for_people
from flowguard.errors import InvalidInput
from flowguard.rounds.discard import discard, what_is_discarded
from flowguard.rounds.entries import EntryId, Selection
from flowguard.rounds.redrive import Redriven, redrive, rehearse

REDRIVE, DISCARD = "quarantine_redrive", "quarantine_discard"


class Entries(dg.Config):
    """Which entries are meant: those that meet each of these."""

    ids: list[str] = Field(default_factory=list, description="Entries, such as orders.v1/1/0/1234")
    rules: list[str] = Field(default_factory=list, description="Refused by one of these rules")
    topics: list[str] = Field(default_factory=list, description="Of one of these Kafka topics")
    days: list[str] = Field(default_factory=list, description="Arrived on one of these UTC days, such as 2026-11-21")
    everything: bool = Field(False, description="All open entries, where nothing else is chosen")
    dry_run: bool = Field(True, description="Only show what would happen")

    def selection(self) -> Selection:
        """Raises InvalidInput if nothing is chosen, or an id or day is none."""
        chosen = Selection(
            ids=tuple(map(EntryId.parse, self.ids)),
            rules=tuple(self.rules),
            topics=tuple(self.topics),
            days=tuple(_days(self.days)),
        )
        if chosen == Selection() and not self.everything:
            raise InvalidInput("which entries? Give ids, rules, topics or days, or everything: true")
        return chosen


class RedriveEntries(Entries):
    """What is redriven."""

    discarded: bool = Field(False, description="Try the discarded entries of the selection, not its open ones")
    limit: int | None = Field(None, ge=1, description="Try this many at most, the oldest first")

    def selection(self) -> Selection:
        return replace(super().selection(), statuses=("discarded" if self.discarded else "open",))


class DiscardEntries(Entries):
    """What is discarded."""

    reason: str = Field(description="Why; people will ask")


def redrive_job() -> dg.JobDefinition:
    @dg.op(name="redrive")
    def redrive_entries(context: dg.OpExecutionContext, config: RedriveEntries, home: dg.ResourceParam[Home]) -> None:
        """Decode quarantined bytes again in place, by today's rules; shows first what would happen."""
        with errors_for_people(context), Reporter(context, home.warehouse, home.settings) as reporter:
            chosen = config.selection()
            rows = rehearse(home.warehouse, home.settings, chosen, limit=config.limit)
            _show(context, rows, "would_pass")
            if config.dry_run:
                return

            def committed(batch: Redriven) -> None:
                reporter.changed(batch.changes, batch.seconds)

            done = redrive(
                home.warehouse,
                home.settings,
                chosen,
                run_id=context.run.run_id,
                limit=config.limit,
                on_batch=committed,
            )
            context.log.info(f"{done.passed} redriven, {done.tried - done.passed} still refused")
            context.add_output_metadata({"tried": done.tried, "redriven": done.passed})

    @dg.job(name=REDRIVE, description="Tries quarantined records again, by today's rules. A dry run unless told else")
    def job() -> None:
        redrive_entries()

    return job


def discard_job() -> dg.JobDefinition:
    @dg.op(name="discard")
    def discard_entries(context: dg.OpExecutionContext, config: DiscardEntries, home: dg.ResourceParam[Home]) -> None:
        """Mark open entries as discarded, with the reason. Nothing is deleted, and the ledger counts as before."""
        with errors_for_people(context), Reporter(context, home.warehouse, home.settings) as reporter:
            chosen = config.selection()
            _show(context, what_is_discarded(home.warehouse, chosen), "entries")
            if config.dry_run:
                return
            changes = discard(home.warehouse, home.settings, chosen, config.reason)
            reporter.changed(changes, 0.0)
            context.log.info(f"{sum(changes.values())} discarded")
            context.add_output_metadata({"discarded": sum(changes.values())})

    @dg.job(
        name=DISCARD, description="Marks quarantined records as discarded, with a reason. A dry run unless told else"
    )
    def job() -> None:
        discard_entries()

    return job


def _show(context: dg.OpExecutionContext, rows: pl.DataFrame, counted: str) -> None:
    context.log.info(f"{int(rows[counted].sum())} {counted}\n{markdown(rows)}")
    context.add_output_metadata({"chosen": dg.MetadataValue.md(markdown(rows))})


def _days(texts: Iterable[str]) -> Iterable[date]:
    for text in texts:
        try:
            yield date.fromisoformat(text)
        except ValueError as error:
            raise InvalidInput(f"{text!r} is no day: write it as 2026-11-21") from error
