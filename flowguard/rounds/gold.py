"""GOLD follows the dirty days: computed from one snapshot without blocking ingestion, swapped in one transaction.

First what is computed from SILVER; that marks the days of GOLD from which the rest of GOLD is computed then.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

from flowguard.faults import crash_point
from flowguard.gold.tables import FLOW_LEDGER, FROM_GOLD, FROM_SILVER, GOLD, USER_SESSIONS
from flowguard.models import render
from flowguard.models.ops import DIRTY_DAYS
from flowguard.models.scope import Scope, days, ranges_of
from flowguard.models.table import Model
from flowguard.rounds import first_days
from flowguard.rounds.changes import Changes, count_days, mark_dirty
from flowguard.rounds.holds import free, holds
from flowguard.settings import Settings
from flowguard.warehouse import Session, Warehouse
from flowguard.warehouse.lock import file_lock
from flowguard.warehouse.tag import about

_LOCK_TIMEOUT_SECONDS = 600.0
_OF_GOLD = "table_name LIKE 'gold.%'"
_LEVELS = ((FROM_SILVER, f"NOT {_OF_GOLD}"), (FROM_GOLD, _OF_GOLD))
"""The tables in the order in which they are computed, and which marks they follow."""
_DIRTY = "SELECT table_name, day, version FROM ops.dirty_days WHERE {marks}"
_CLEAR = f"""
DELETE FROM {DIRTY_DAYS.full_name} AS dirty USING used
WHERE dirty.table_name = used.table_name AND dirty.day = used.day AND dirty.version = used.version
"""
_NOTHING: Mapping[str, Collection[date]] = {}
_Work = Sequence[tuple[Model, Sequence[Scope]]]


def refresh(warehouse: Warehouse, settings: Settings, also: Mapping[str, Collection[date]] = _NOTHING) -> Changes:
    """Refresh every dirty day of every GOLD table, and days that are given by table, dirty or not.

    Days that are held back stay dirty, and become so if they are given. Clears exactly the marks that it saw. Each
    table is computed by one statement, however many days there are.
    """
    changes: Changes = {}
    with only_writer(settings.home), warehouse.session() as session:
        for models, marks in _LEVELS:
            changes |= _refresh(warehouse, session, models, marks, also)
        _put_off(session, also)
    return changes


def _refresh(
    warehouse: Warehouse,
    session: Session,
    models: Sequence[Model],
    marks: str,
    also: Mapping[str, Collection[date]],
) -> Changes:
    with session.snapshot():
        held = holds(session)
        dirty = free(session.query(_DIRTY.format(marks=marks)), held)
        work = [(model, _scopes_of(model, dirty.iter_rows(), _free_of(model, also, held))) for model in models]
        _compute(warehouse, session, work)
    if dirty.is_empty() and not any(scopes for _, scopes in work):
        return {}
    crash_point("gold.computed")
    session.keep("used", dirty)
    with session.transaction():
        changes = _swap(session, work)
        crash_point("gold.swapped")
        clear(session)
        crash_point("gold.cleared")
    crash_point("gold.committed")
    return changes


def only_writer(home: Path) -> AbstractContextManager[None]:
    """Two refreshes at once could overwrite newer figures with older ones.

    Raises:
        WarehouseBusy: another one is still at work.
    """
    return file_lock(home / "warehouse" / "gold.lock", _LOCK_TIMEOUT_SECONDS)


def clear(session: Session) -> None:
    """Clear exactly the marks in relation ``used``."""
    session.execute(_CLEAR)


def waits(model: Model, day: date, held: Collection[date]) -> bool:
    """Whether a day of a table is held back. Tables without days follow what there is of the days."""
    return model.day is not None and model is not FLOW_LEDGER and day in held


def _free_of(model: Model, also: Mapping[str, Collection[date]], held: Collection[date]) -> list[date]:
    return [day for day in also.get(model.full_name, ()) if not waits(model, day, held)]


def _put_off(session: Session, also: Mapping[str, Collection[date]]) -> None:
    """Mark the given days that are held back, so that they are refreshed as soon as they are not."""
    held = holds(session)
    marks = {
        (model.reads[0], day) for model in GOLD for day in also.get(model.full_name, ()) if waits(model, day, held)
    }
    if marks:
        with session.transaction():
            mark_dirty(session, sorted(marks))


def _scopes_of(model: Model, dirty: Iterable[tuple[str, date, int]], also: Iterable[date]) -> list[Scope]:
    found = {*(day for table, day, _ in dirty if table in model.reads), *also}
    if found and model.day is None:
        return [days(min(found), max(found))]  # one, for the whole table
    return ranges_of(found)


def _compute(warehouse: Warehouse, session: Session, work: _Work) -> None:
    for model, scopes in work:
        if scopes:
            selects = [warehouse.model_sql(model, scope) for scope in scopes]
            with about(model.full_name):
                session.keep(f"new_{model.name}", render.union_all(selects))
            if model is USER_SESSIONS:
                first_days.compare(session, scopes)


def _swap(session: Session, work: _Work) -> Changes:
    changes: Changes = {}
    for model, scopes in work:
        if not scopes:
            continue
        with about(model.full_name):
            for scope in scopes:
                session.execute(render.delete(model, scope))
        crash_point("gold.deleted")
        session.insert(model, f"SELECT * FROM new_{model.name}")
        if model is USER_SESSIONS:
            mark_dirty(session, first_days.concerned(session))
        changes |= _written(session, model)
    return changes


def _written(session: Session, model: Model) -> Changes:
    """Rows by day; of a table without days by None."""
    if model.day is None:
        return {(model.full_name, None): session.query(f"SELECT COUNT(*) FROM new_{model.name}").item()}
    return count_days(model.full_name, session.query(f"SELECT {model.day} FROM new_{model.name}").to_series())
