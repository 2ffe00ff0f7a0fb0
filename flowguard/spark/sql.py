"""The parts of a plan that follow from the models: each one's own text, in Spark's SQL."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import sqlglot
from sqlglot import exp

from flowguard.models import render
from flowguard.models.ops import OUTBOX
from flowguard.models.parameters import Parameters
from flowguard.models.scope import Scope
from flowguard.models.table import Model, Table
from flowguard.rounds import outbox
from flowguard.silver.tables import ATTRIBUTED_ORDERS
from flowguard.spark.plan import Step

DIALECT = "spark"


def columns(table: Table) -> dict[str, str]:
    """The Spark type of each column of a table, in its order."""
    return {column.name: _type(column.type) for column in table.columns}


def step(model: Model, scopes: Sequence[Scope], parameters: Parameters, to: str) -> Step:
    """What computes a model's rows of scopes, whole ones, into a folder: by days, if its storage is.

    A table without days is computed as a whole, whatever the scopes are.
    """
    scopes = scopes if model.day else scopes[:1]
    selects = [render.select(model, scope, parameters, DIALECT) for scope in scopes]
    return Step(
        table=model.full_name,
        columns=columns(model),
        select=render.union_all(selects),
        replaced=" OR ".join(f"({render.in_scope(model, scope, DIALECT)})" for scope in scopes),
        day=model.day if model.partitioned else None,
        to=to,
    )


def kept(attributed: Sequence[Scope]) -> dict[str, str]:
    """The relations that the models read besides tables. ``attributed``: the scopes of attributed_orders, if any."""
    return {"known": render.translate(outbox.told(attributed), DIALECT)} if attributed else {}


def sources(models: Iterable[Model]) -> tuple[str, ...]:
    """The tables, by full name, that models read; what others of them compute too, as it is outside of their scopes."""
    return tuple(sorted({table for model in models for table in _read_by(model)}))


def names(steps: Iterable[Step], kept: Mapping[str, str]) -> frozenset[str]:
    """Every name in the SQL of steps and kept relations: the columns that they read are among them."""
    texts = [text for step in steps for text in (step.select, step.replaced)] + list(kept.values())
    parsed = (sqlglot.parse_one(text, read=DIALECT) for text in texts)
    return frozenset(name.name for tree in parsed for name in tree.find_all(exp.Identifier))


@cache
def _read_by(model: Model) -> frozenset[str]:
    tables = sqlglot.parse_one(model.sql, read="duckdb").find_all(exp.Table)
    found = {f"{table.db}.{table.name}" for table in tables if table.db}
    return frozenset(found | ({OUTBOX.full_name} if model is ATTRIBUTED_ORDERS else set()))


def _type(type: str) -> str:
    return exp.DataType.build(type, dialect="duckdb").sql(DIALECT)
