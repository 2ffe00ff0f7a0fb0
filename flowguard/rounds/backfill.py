"""Rebuilding whole days: Bronze from its stored bytes, SILVER from Bronze, GOLD from SILVER.

A long range is cut into steps, each of which is whole or not there, so a backfill can be stopped at any time and go
on where it was. A step of Bronze and SILVER holds the write lock, and is short enough for live rounds to wait for;
GOLD is one step, which is computed outside of the lock.
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

from flowguard.bronze.tables import CLICKS_RAW, ORDERS_RAW
from flowguard.faults import crash_point
from flowguard.gold.tables import GOLD
from flowguard.models.ops import QUARANTINE
from flowguard.models.scope import Scope, covered, days
from flowguard.rounds import attribution, gold
from flowguard.rounds.changes import Changes, mark_dirty
from flowguard.rounds.events import CLICKS, ORDERS, rebuild_events
from flowguard.rounds.holds import evaluate_again
from flowguard.rounds.rebuildable import RAW, REBUILDABLE, refuse_incomplete
from flowguard.rounds.redecode import arrival_days, redecode_day
from flowguard.settings import Settings
from flowguard.silver.tables import SILVER
from flowguard.warehouse import Session, Warehouse

MOST_DAYS, MOST_EVENTS = 92, 500_000
"""In one step of SILVER, which holds the write lock for some seconds: statements and files by day cost most of it, so
that shorter steps would make a backfill much longer as a whole."""
_SILVER = tuple(model.full_name for model in SILVER)
_GOLD = tuple(model.full_name for model in GOLD)


@dataclass(frozen=True)
class Step:
    """A part of a backfill: days, both included, of tables that are decided together.

    ``tables`` is empty where GOLD only follows. ``resume`` is the day from which on a backfill goes on that was
    stopped in this step, with the tables ``left``.
    """

    tables: tuple[str, ...]
    first: date
    last: date
    resume: date
    left: tuple[str, ...]
    number: int = 0
    of: int = 0

    def __str__(self) -> str:
        span = f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"
        what = ", ".join(self.tables) or "the days of GOLD that change with them"
        return f"step {self.number} of {self.of}: {span} of {what}"

    def how_to_go_on(self, last: date) -> str:
        """What a person is told whose backfill up to a day was stopped in this step."""
        stopped = f"Stopped in {self}. What was done before is whole, the rest is as it was."
        if not self.left:
            return f"{stopped} GOLD's sensor does it, or any other backfill"
        return (
            f"{stopped} Go on with: flowguard backfill --from {self.resume} --to {last} --tables {','.join(self.left)}"
        )


@dataclass(frozen=True)
class Done:
    """A step that is committed. ``rows``: what it read of Bronze, or wrote to GOLD."""

    step: Step
    rows: int
    seconds: float
    changes: Changes


def rebuild(
    warehouse: Warehouse,
    settings: Settings,
    tables: Collection[str],
    first: date,
    last: date,
    *,
    run_id: str,
    on_begin: Callable[[Step], None] = lambda step: None,
    on_done: Callable[[Done], None] = lambda done: None,
) -> Changes:
    """Rebuild days of tables, given by full name; ``first`` and ``last`` are both included.

    Days are days of arrival for Bronze and quarantine, of the event for SILVER and GOLD. Tables that are decided
    together are rebuilt together. The days of GOLD that change with SILVER follow, whether or not they are asked for.

    Raises:
        WarehouseCorrupt: Bronze does not hold what was ingested; nothing was changed.
    """
    changes: Changes = {}
    with warehouse.at_full_strength() as strong, strong.session() as session:
        refuse_incomplete(session, settings, tables, first, last)
        for step, run in _Plan(strong, session, settings, run_id).steps(set(tables), first, last):
            on_begin(step)
            started = time.monotonic()
            changed, rows = run()
            on_done(Done(step, rows, time.monotonic() - started, changed))
            crash_point("backfill.stepped")
            changes |= changed
    return changes


_Run = Callable[[], tuple[Changes, int]]
"""Does a step; gives what changed, and how many rows it read or wrote."""


@dataclass(frozen=True)
class _Plan:
    """The steps of a backfill, and how each is done."""

    warehouse: Warehouse
    session: Session
    settings: Settings
    run_id: str

    def steps(self, chosen: set[str], first: date, last: date) -> list[tuple[Step, _Run]]:
        """In the order of time, so that all before a day is done when it begins; GOLD at the end."""
        work = [*self._of_bronze_and_silver(chosen, first, last), self._of_gold(chosen, first, last)]
        return [(replace(step, number=number, of=len(work)), run) for number, (step, run) in enumerate(work, 1)]

    def _of_bronze_and_silver(self, chosen: set[str], first: date, last: date) -> Iterator[tuple[Step, _Run]]:
        left = tuple(name for name in REBUILDABLE if name in chosen)
        raws = RAW if QUARANTINE.full_name in chosen else tuple(raw for raw in RAW if raw in chosen)
        silver = tuple(name for name in _SILVER if name in chosen)
        arrived = arrival_days(self.session, first, last) if raws else []
        for scope, events in _pieces(self.session, silver, first, last):
            begin, end = scope.first_day, scope.days[-1]
            for day in (day for day in arrived if begin <= day <= end):
                for raw in raws:
                    resume = begin if silver else day
                    yield Step((raw,), day, day, resume, left), partial(self._rebuild_bronze, raw, day)
            if silver:
                yield Step(silver, begin, end, begin, left), partial(self._rebuild_silver, silver, scope, events)

    def _of_gold(self, chosen: set[str], first: date, last: date) -> tuple[Step, _Run]:
        asked = tuple(name for name in _GOLD if name in chosen)
        return Step(asked, first, last, first, asked), partial(self._rebuild_gold, asked, days(first, last).days)

    def _rebuild_bronze(self, raw: str, day: date) -> tuple[Changes, int]:
        changes = redecode_day(self.warehouse, self.session, self.settings, raw, day, self.run_id)
        return changes, changes.get((raw, day), 0) + changes.get((QUARANTINE.full_name, day), 0)

    def _rebuild_silver(self, tables: Sequence[str], scope: Scope, events: int) -> tuple[Changes, int]:
        with self.session.transaction():
            if raws := raws_of(tables):
                changes = rebuild_events(self.session, self.settings, raws, [scope])
            else:
                changes = attribution.rebuild_days(self.session, [scope])
            mark_dirty(self.session, changes)
        return changes, events

    def _rebuild_gold(self, asked: Sequence[str], of_days: Sequence[date]) -> tuple[Changes, int]:
        # The steps before may have mended what fails a check: only what fails still holds GOLD back.
        evaluate_again(self.warehouse, of_days, self.run_id)
        changes = gold.refresh(self.warehouse, self.settings, dict.fromkeys(asked, of_days))
        return changes, sum(changes.values())


def raws_of(tables: Collection[str]) -> list[str]:
    """The raw tables whose events decide tables; none for attribution, which is computed from clean ones."""
    return [raw for raw, names in ((ORDERS_RAW.full_name, ORDERS), (CLICKS_RAW.full_name, CLICKS)) if names & {*tables}]


def _pieces(session: Session, tables: Sequence[str], first: date, last: date) -> Iterator[tuple[Scope, int]]:
    """The range in pieces of neighbouring days, with how many events of Bronze there are in each."""
    if not tables:
        yield days(first, last), 0
        return
    counts = events_by_day(session, raws_of(tables) or RAW, days(first, last))
    begin, events = first, 0
    for day in days(first, last).days:
        coming = counts.get(day, 0)
        if day > begin and ((day - begin).days >= MOST_DAYS or events + coming > MOST_EVENTS):
            yield days(begin, day - timedelta(days=1)), events
            begin, events = day, 0
        events += coming
    yield days(begin, last), events


def events_by_day(session: Session, raws: Collection[str], scope: Scope) -> dict[date, int]:
    selects = " UNION ALL ".join(
        f"SELECT CAST(event_timestamp AS DATE) AS day FROM {raw} WHERE {covered([scope], 'event_timestamp')}"
        for raw in raws
    )
    return dict(session.query(f"SELECT day, COUNT(*) FROM ({selects}) AS events GROUP BY day").iter_rows())
