"""Rebuilding whole days: Bronze from its stored bytes, SILVER from Bronze, GOLD from SILVER.

A long range is cut into steps, each of which is whole or not there, so a backfill can be stopped at any time and go
on where it was. A step of Bronze and SILVER holds the write lock, and is short enough for live rounds to wait for;
GOLD is one step, which is computed outside of the lock.
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
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
from flowguard.rounds.rebuildable import RAW, refuse_incomplete
from flowguard.rounds.redecode import arrival_days, redecode_day
from flowguard.settings import Settings
from flowguard.silver.tables import SILVER
from flowguard.warehouse import Session, Warehouse

MOST_DAYS, MOST_EVENTS = 31, 400_000
"""In one step of SILVER: it holds the write lock for about a second or two."""
_SILVER = tuple(model.full_name for model in SILVER)
_GOLD = tuple(model.full_name for model in GOLD)


@dataclass(frozen=True)
class Step:
    """A part of a backfill: days, both included, of tables that are decided together.

    ``tables`` is empty where GOLD only follows. ``resume`` is the day from which on a backfill goes on that was
    stopped in this step, with the tables ``left``.
    """

    number: int
    of: int
    tables: tuple[str, ...]
    first: date
    last: date
    resume: date
    left: tuple[str, ...]

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


@dataclass(frozen=True)
class _Work:
    """A step to come. ``run`` gives what changed and how many rows it read or wrote."""

    tables: tuple[str, ...]
    first: date
    last: date
    resume: date
    left: tuple[str, ...]
    run: Callable[[], tuple[Changes, int]]


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
    chosen, changes = set(tables), Changes()
    with warehouse.session() as session, session.at_full_strength():
        refuse_incomplete(session, settings, chosen, first, last)
        work = list(_plan(warehouse, session, settings, chosen, first, last, run_id))
        for number, part in enumerate(work, 1):
            step = Step(number, len(work), part.tables, part.first, part.last, part.resume, part.left)
            on_begin(step)
            started = time.monotonic()
            changed, rows = part.run()
            on_done(Done(step, rows, time.monotonic() - started, changed))
            crash_point("backfill.stepped")
            changes |= changed
    return changes


def _plan(
    warehouse: Warehouse, session: Session, settings: Settings, chosen: set[str], first: date, last: date, run_id: str
) -> Iterator[_Work]:
    """The steps in the order of time, so that all before a day are done when it begins; GOLD at the end."""
    everything = tuple(sorted(chosen))
    raws = RAW if QUARANTINE.full_name in chosen else tuple(raw for raw in RAW if raw in chosen)
    silver = tuple(name for name in _SILVER if name in chosen)
    arrived = arrival_days(session, first, last) if raws else []
    for scope, events in _pieces(session, silver, first, last) if silver else [(days(first, last), 0)]:
        begin, end = scope.first_day, scope.days[-1]
        for day in (day for day in arrived if begin <= day <= end):
            resume = begin if silver else day
            for raw in raws:
                run = partial(_bronze, warehouse, session, settings, raw, day, run_id)
                yield _Work((raw,), day, day, resume, everything, run)
        if silver:
            yield _Work(
                silver, begin, end, begin, everything, partial(_silver, session, settings, silver, scope, events)
            )
    asked = tuple(name for name in _GOLD if name in chosen)
    of_gold = dict.fromkeys(asked, days(first, last).days)
    yield _Work(asked, first, last, first, asked, partial(_gold, warehouse, settings, of_gold))


def _bronze(
    warehouse: Warehouse, session: Session, settings: Settings, raw: str, day: date, run_id: str
) -> tuple[Changes, int]:
    changes = redecode_day(warehouse, session, settings, raw, day, run_id)
    return changes, changes.get((raw, day), 0) + changes.get((QUARANTINE.full_name, day), 0)


def _silver(
    session: Session, settings: Settings, tables: Sequence[str], scope: Scope, events: int
) -> tuple[Changes, int]:
    with session.transaction():
        if raws := _raws_of(tables):
            changes = rebuild_events(session, settings, raws, [scope])
        else:
            changes = attribution.rebuild_days(session, [scope])
        mark_dirty(session, changes)
    return changes, events


def _gold(warehouse: Warehouse, settings: Settings, asked: dict[str, list[date]]) -> tuple[Changes, int]:
    changes = gold.refresh(warehouse, settings, asked)
    return changes, sum(changes.values())


def _raws_of(tables: Collection[str]) -> list[str]:
    """The raw tables whose events decide tables; none for attribution, which is computed from clean ones."""
    return [raw for raw, names in ((ORDERS_RAW.full_name, ORDERS), (CLICKS_RAW.full_name, CLICKS)) if names & {*tables}]


def _pieces(session: Session, tables: Sequence[str], first: date, last: date) -> Iterator[tuple[Scope, int]]:
    """The range in pieces of neighbouring days, with how many events of Bronze there are in each."""
    counts = _events_by_day(session, _raws_of(tables) or RAW, days(first, last))
    begin, events = first, 0
    for day in days(first, last).days:
        coming = counts.get(day, 0)
        if day > begin and ((day - begin).days >= MOST_DAYS or events + coming > MOST_EVENTS):
            yield days(begin, day - timedelta(days=1)), events
            begin, events = day, 0
        events += coming
    yield days(begin, last), events


def _events_by_day(session: Session, raws: Collection[str], scope: Scope) -> dict[date, int]:
    selects = " UNION ALL ".join(
        f"SELECT CAST(event_timestamp AS DATE) AS day FROM {raw} WHERE {covered([scope], 'event_timestamp')}"
        for raw in raws
    )
    return dict(session.query(f"SELECT day, COUNT(*) FROM ({selects}) AS events GROUP BY day").iter_rows())
