"""A backfill on Spark: SILVER and GOLD of a range of days, computed from one snapshot and swapped in.

1. Of one state of the tables, the files of what the models read are laid down in the stage, with the plan beside them.
2. Spark computes; ingestion goes on. Only what decodes Bronze again has to wait.
3. In one transaction SILVER's days are replaced by what Spark wrote, and what came meanwhile is added, by the same code
   that follows it in a round.
4. GOLD's days are swapped in, but for those that such late events concern or a failing check holds back: these, and
   what is computed from GOLD itself, GOLD refreshes as ever.

Killed at any instant, the tables hold whole days, old or new; nothing but the stage was written before step 3.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from flowguard.errors import InvalidInput
from flowguard.faults import crash_point
from flowguard.gold.tables import FROM_GOLD, FROM_SILVER
from flowguard.models.ops import QUARANTINE
from flowguard.models.scope import Scope, days, ranges_of
from flowguard.models.table import Model
from flowguard.rounds import gold
from flowguard.rounds.backfill import Done, Step, raws_of
from flowguard.rounds.changes import Changes
from flowguard.rounds.events import CLICKS, ORDERS, attributed
from flowguard.rounds.holds import evaluate_again, holds
from flowguard.rounds.rebuildable import RAW, refuse_incomplete
from flowguard.rounds.stored import only_decoder
from flowguard.settings import Settings
from flowguard.silver.tables import ATTRIBUTED_ORDERS, SILVER
from flowguard.spark import late, stage
from flowguard.spark.planning import plan_of
from flowguard.spark.submit import Submit, refuse_missing
from flowguard.spark.swap import swap_gold, swap_silver
from flowguard.warehouse import Session, Warehouse


@dataclass(frozen=True)
class _Work:
    """What is rebuilt: whole groups of SILVER's models that are decided together, each with its scope; and GOLD's days
    that nothing holds back."""

    raws: Sequence[str]
    silver: dict[Model, Sequence[Scope]]
    gold: Mapping[Model, Sequence[date]]

    @property
    def scopes(self) -> dict[Model, Sequence[Scope]]:
        """In the order in which they are computed."""
        return self.silver | {model: ranges_of(of_days) for model, of_days in self.gold.items() if of_days}


def rebuild(
    warehouse: Warehouse,
    settings: Settings,
    tables: Collection[str],
    first: date,
    last: date,
    *,
    run_id: str,
    submit: Submit,
    tell: Callable[[str], None] = lambda line: None,
    on_begin: Callable[[Step], None] = lambda step: None,
    on_done: Callable[[Done], None] = lambda done: None,
) -> Changes:
    """Rebuild days of tables of SILVER and GOLD, given by full name; ``first`` and ``last`` are both included.

    Like `flowguard.rounds.backfill.rebuild`, with the same result. ``tell`` gets a line for each table computed.

    Raises:
        InvalidInput: tables of Bronze are among them.
        MissingComponent: there is no Spark, or no Java.
        EngineFailed: the master does not answer, or the job failed; no table was changed.
        StorageFailed: the stage or the warehouse is full.
        WarehouseBusy: Bronze is being decoded again.
        WarehouseCorrupt: Bronze does not hold what was ingested.
    """
    refuse_bronze(tables)
    refuse_missing(settings)
    steps = _Steps(tables, first, last, on_begin, on_done)
    with only_decoder(settings), stage.folder(settings, run_id) as folder, warehouse.session() as session:
        refuse_incomplete(session, settings, tables, first, last)
        with steps.next(tables) as done:
            with session.frozen():
                known = late.known(session)
                work = _work(session, settings, tables, first, last)
                plan = plan_of(session, settings, work.scopes, folder)
            plan.write(folder / "plan.json")
            crash_point("spark.planned")
            submit(folder / "plan.json", tell)
            crash_point("spark.computed")
            with gold.only_writer(settings.home), warehouse.at_full_strength() as strong, strong.session() as swapping:
                silver = swap_silver(strong, swapping, settings, work.raws, work.silver, folder, known)
                crash_point("spark.silver")
                evaluate_again(strong, days(first, last).days, run_id)
                swapped = swap_gold(strong, swapping, work.gold, folder, silver.version)
            changes = silver.changes | swapped
            done(changes, silver.rows)
    asked = {name: [day for day in days(first, last).days if (name, day) not in swapped] for name in _gold(tables)}
    with steps.next(()) as done:
        refreshed = gold.refresh(warehouse, settings, asked)
        done(refreshed, sum(refreshed.values()))
    return changes | refreshed


def refuse_bronze(tables: Collection[str]) -> None:
    """Raises InvalidInput if tables are among them that Spark does not compute."""
    if bronze := [name for name in (*RAW, QUARANTINE.full_name) if name in tables]:
        raise InvalidInput(
            f"Spark computes SILVER and GOLD; {', '.join(bronze)} is decoded from stored bytes: rebuild that without "
            "--engine spark, or leave it out"
        )


@dataclass
class _Steps:
    """Two steps, as people are told of them: what Spark computes, and what follows it."""

    tables: Collection[str]
    first: date
    last: date
    on_begin: Callable[[Step], None]
    on_done: Callable[[Done], None]
    number: int = 0

    @contextmanager
    def next(self, tables: Collection[str]) -> Iterator[Callable[[Changes, int], None]]:
        self.number += 1
        step = Step(tuple(tables), self.first, self.last, self.first, tuple(self.tables), self.number, 2)
        self.on_begin(step)
        started = time.monotonic()
        yield lambda changes, rows: self.on_done(Done(step, rows, time.monotonic() - started, changes))


def _gold(tables: Collection[str]) -> list[str]:
    return [model.full_name for model in (*FROM_SILVER, *FROM_GOLD) if model.full_name in tables]


def _work(session: Session, settings: Settings, tables: Collection[str], first: date, last: date) -> _Work:
    chosen, scope = {model.full_name for model in SILVER}.intersection(tables), days(first, last)
    raws = raws_of(chosen)
    together = set().union(*(group for group in (ORDERS, CLICKS) if group & chosen))
    silver: dict[Model, Sequence[Scope]] = {model: [scope] for model in SILVER if model.full_name in together}
    if chosen:
        silver[ATTRIBUTED_ORDERS] = attributed(settings, raws, [scope])
    held = holds(session)
    free = {
        model: [day for day in scope.days if not gold.waits(model, day, held)]
        for model in FROM_SILVER
        if model.full_name in tables
    }
    return _Work(raws, silver, free)
