"""What Spark wrote takes the place of what the tables held."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from flowguard.faults import crash_point
from flowguard.gold.tables import FROM_SILVER, GOLD, USER_SESSIONS
from flowguard.models import render
from flowguard.models.scope import Scope, ranges_of
from flowguard.models.table import Model
from flowguard.rounds import attribution, first_days, gold, silver
from flowguard.rounds.changes import Changes, mark_dirty
from flowguard.rounds.events import rebuild_cleaned
from flowguard.rounds.holds import holds
from flowguard.settings import Settings
from flowguard.silver.tables import ATTRIBUTED_ORDERS
from flowguard.spark import late
from flowguard.warehouse import Session, Staged, Warehouse

_NEWEST_MARK = "SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) FROM ops.dirty_days"
_MARKS = "SELECT table_name, day, version FROM ops.dirty_days"


class Swapped(NamedTuple):
    """What changed, the version of the newest mark that GOLD's days of Spark already follow, and rows of Spark's."""

    changes: Changes
    version: int
    rows: int


def swap_silver(
    warehouse: Warehouse,
    session: Session,
    settings: Settings,
    raws: Sequence[str],
    scopes: Mapping[Model, Sequence[Scope]],
    folder: Path,
    known: late.Known,
) -> Swapped:
    """Replace SILVER's days, and add what came since the snapshot that Spark knows."""
    staged = [warehouse.adopt(model, folder / "out" / model.full_name) for model in scopes]
    of_events = next((of for model, of in scopes.items() if model is not ATTRIBUTED_ORDERS), ())
    of_orders = scopes.get(ATTRIBUTED_ORDERS, ())
    session.prepare(staged)
    with session.transaction():
        changes = rebuild_cleaned(session, raws, of_events)
        fresh = late.fresh(session, known)
        since = silver.follow(session, fresh.orders, fresh.clicks, settings)
        if of_orders:
            changes |= attribution.rebuild_days(session, of_orders, fresh.users)
            since |= late.days(session, fresh.users, of_orders)
        mark_dirty(session, changes)
        version = session.query(_NEWEST_MARK).item()
        mark_dirty(session, since)
        crash_point("spark.swapped")
    return Swapped(changes | since, version, sum(part.rows for part in staged))


def swap_gold(
    warehouse: Warehouse, session: Session, work: Mapping[Model, Sequence[date]], folder: Path, version: int
) -> Changes:
    """Replace GOLD's days, but for those that are held back or have to follow a change after ``version``.

    The caller is the only one who writes GOLD.
    """
    with session.snapshot():
        held = holds(session)
        marks = session.query(_MARKS)
    later = {(table, day) for table, day, at in marks.iter_rows() if at > version}
    current = {
        model: [
            day
            for day in of_days
            if not gold.waits(model, day, held) and later.isdisjoint((table, day) for table in model.reads)
        ]
        for model, of_days in work.items()
    }
    staged = {
        model: warehouse.adopt(model, folder / "out" / model.full_name, of_days)
        for model, of_days in current.items()
        if of_days
    }
    used = marks.filter([_followed(table, day, at, current, version) for table, day, at in marks.iter_rows()])
    with session.transaction():
        for model, part in staged.items():
            _swap(session, model, current[model], part)
        crash_point("gold.swapped")
        session.keep("used", used)
        gold.clear(session)
    crash_point("gold.committed")
    return {(model.full_name, day): 0 for model in staged for day in current[model]}


def _followed(table: str, day: date, version: int, current: Mapping[Model, Sequence[date]], newest: int) -> bool:
    """Whether all of GOLD that is computed from a day of a table is computed anew."""
    readers = [model for model in GOLD if table in model.reads]
    return version <= newest and all(model in FROM_SILVER and day in current.get(model, ()) for model in readers)


def _swap(session: Session, model: Model, of_days: Sequence[date], staged: Staged) -> None:
    scopes = ranges_of(of_days)
    if model is USER_SESSIONS:
        # Which rows differ is the same question from either side: here the old ones are kept, and the new ones stored.
        within = " OR ".join(render.in_scope(model, scope) for scope in scopes)
        session.keep(f"new_{model.name}", f"SELECT * FROM {model.full_name} WHERE {within}")
    for scope in scopes:
        session.execute(render.delete(model, scope))
    session.append(staged)
    if model is USER_SESSIONS:
        first_days.compare(session, scopes)
        mark_dirty(session, first_days.concerned(session))
