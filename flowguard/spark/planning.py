"""What a job is told, made from the models and from the tables as they are now."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from flowguard.models.registry import BY_NAME
from flowguard.models.scope import Scope
from flowguard.models.table import Model
from flowguard.settings import Settings
from flowguard.silver.tables import ATTRIBUTED_ORDERS
from flowguard.spark import sql
from flowguard.spark.plan import Plan, Source
from flowguard.warehouse import Session
from flowguard.warehouse.base import parameters_of
from flowguard.warehouse.ducklake.errors import storage_errors


def plan_of(session: Session, settings: Settings, scopes: Mapping[Model, Sequence[Scope]], folder: Path) -> Plan:
    """Models of scopes, in this order, are computed into ``out`` of a folder; what they read is laid down in its
    ``in``, of one state of the tables if the caller sees to it.

    Raises:
        StorageFailed: the folder cannot be written.
    """
    parameters = parameters_of(settings)
    steps = tuple(
        sql.step(model, of, parameters, str(folder / "out" / model.full_name)) for model, of in scopes.items()
    )
    kept = sql.kept(scopes.get(ATTRIBUTED_ORDERS, ()))
    columns = sql.names(steps, kept)
    tables = sql.sources(scopes)
    return Plan(tuple(_source(session, name, columns, folder / "in" / name) for name in tables), kept, steps)


def _source(session: Session, name: str, columns: Collection[str], folder: Path) -> Source:
    table = BY_NAME[name]
    with storage_errors(folder):
        folder.mkdir(parents=True)
        files = session.files(table, folder, columns)
    return Source(name, sql.columns(table), files, table.day if table.partitioned else None)
