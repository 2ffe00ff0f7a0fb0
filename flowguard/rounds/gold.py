"""GOLD follows the dirty days: computed from one snapshot without blocking ingestion, swapped in one transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

from flowguard.faults import crash_point
from flowguard.gold.tables import GOLD
from flowguard.models import render
from flowguard.models.ops import DIRTY_DAYS
from flowguard.models.scope import Scope, ranges_of
from flowguard.models.table import Model
from flowguard.rounds.changes import Changes, count_days
from flowguard.settings import Settings
from flowguard.warehouse import Session, Warehouse
from flowguard.warehouse.lock import file_lock

_LOCK_TIMEOUT_SECONDS = 600.0
_DIRTY = "SELECT table_name, day, version FROM ops.dirty_days"
_CLEAR = f"""
DELETE FROM {DIRTY_DAYS.full_name} AS dirty USING used
WHERE dirty.table_name = used.table_name AND dirty.day = used.day AND dirty.version = used.version
"""
_NOTHING: Mapping[str, Collection[date]] = {}
_Work = Sequence[tuple[Model, Sequence[Scope]]]


def refresh(warehouse: Warehouse, settings: Settings, also: Mapping[str, Collection[date]] = _NOTHING) -> Changes:
    """Refresh every dirty day of every GOLD table, and days that are given by table, dirty or not.

    Clears exactly the marks that it saw. Each table is computed by one statement, however many days there are.
    """
    with _only_writer(settings.home), warehouse.session() as session:
        with session.snapshot():
            dirty = session.query(_DIRTY)
            work = [
                (model, ranges_of({*_days_of(model, dirty.iter_rows()), *also.get(model.full_name, ())}))
                for model in GOLD
            ]
            _compute(warehouse, session, work)
        if dirty.is_empty() and not any(scopes for _, scopes in work):
            return {}
        crash_point("gold.computed")
        session.keep("used", dirty)
        with session.transaction():
            changes = _swap(session, work)
            crash_point("gold.swapped")
            session.execute(_CLEAR)
            crash_point("gold.cleared")
    crash_point("gold.committed")
    return changes


def _only_writer(home: Path) -> AbstractContextManager[None]:
    """Two refreshes at once could overwrite newer figures with older ones."""
    return file_lock(home / "warehouse" / "gold.lock", _LOCK_TIMEOUT_SECONDS)


def _days_of(model: Model, dirty: Iterable[tuple[str, date, int]]) -> set[date]:
    return {day for table, day, _ in dirty if table in model.reads}


def _compute(warehouse: Warehouse, session: Session, work: _Work) -> None:
    for model, scopes in work:
        if scopes:
            selects = " UNION ALL ".join(f"({warehouse.model_sql(model, scope)})" for scope in scopes)
            session.keep(f"new_{model.name}", selects)


def _swap(session: Session, work: _Work) -> Changes:
    changes: Changes = {}
    for model, scopes in work:
        if not scopes:
            continue
        for scope in scopes:
            session.execute(render.delete(model, scope))
        crash_point("gold.deleted")
        session.insert(model, f"SELECT * FROM new_{model.name}")
        changes |= count_days(model.full_name, session.query(f"SELECT {model.day} FROM new_{model.name}").to_series())
    return changes
