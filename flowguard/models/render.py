"""From a model's one SQL text to the statements of a scope, in any dialect.

The text is the portable subset of the DuckDB dialect, with

- ``$start``, ``$end`` (instants), ``$first_day``, ``$end_day`` (days, the last exclusive): the scope's bounds,
- ``$duplicate_window``: an interval,
- ``TOUCHED(event_id)``: whether the scope covers that event,
- ``ARRIVED_BEFORE(a, b)``: whether row a arrived before row b,
- ``MEAN_PRICE(sum, count)``, ``PERCENT_OF(part, whole)``: rounded half away from zero in integers, because engines
  disagree on what dividing decimals gives.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import cache

import sqlglot
from sqlglot import exp

from flowguard.models.scope import Scope
from flowguard.models.table import Column, Model, Table

_ARRIVAL = ("_arrived_at", "_topic", "_generation", "_partition", "_offset")


def select(model: Model, scope: Scope, duplicate_window: timedelta, dialect: str = "duckdb") -> str:
    """The SELECT of a model's rows for a scope."""
    return _bind(_select_text(model, scope.touched, duplicate_window, dialect), scope)


def delete(model: Model, scope: Scope, dialect: str = "duckdb") -> str:
    """The DELETE of a model's rows for a scope."""
    return _bind(f"DELETE FROM {model.full_name} WHERE {_scope_text(model, scope.touched, dialect)}", scope)


def in_scope(model: Model, scope: Scope, dialect: str = "duckdb") -> str:
    """The condition by which a model's stored rows belong to a scope."""
    return _bind(_scope_text(model, scope.touched, dialect), scope)


def create(table: Table, dialect: str = "duckdb") -> str:
    """The CREATE TABLE of a table."""
    columns = ", ".join(f"{c.name} {c.type}{' NOT NULL' if c.required else ''}" for c in table.columns)
    text = f"CREATE TABLE IF NOT EXISTS {table.full_name} ({columns})"
    return sqlglot.transpile(text, read="duckdb", write=dialect)[0]


def add_column(table: Table, column: Column, dialect: str = "duckdb") -> str:
    """The ALTER TABLE that adds a column which may be NULL."""
    text = f"ALTER TABLE {table.full_name} ADD COLUMN {column.name} {column.type}"
    return sqlglot.transpile(text, read="duckdb", write=dialect)[0]


@cache
def _scope_text(model: Model, touched: bool, dialect: str) -> str:
    # Each condition more costs a look into the catalog's statistics: days only where storage is partitioned by them.
    conditions = [f"{model.instant} >= $start AND {model.instant} < $end"] if model.instant else []
    if model.partitioned or not conditions:
        conditions.append(f"{model.day} >= $first_day AND {model.day} < $end_day")
    if touched:
        conditions.append("TOUCHED(event_id)")
    return _expand(sqlglot.parse_one(" AND ".join(conditions), read="duckdb"), touched, timedelta(0)).sql(dialect)


@cache
def _select_text(model: Model, touched: bool, duplicate_window: timedelta, dialect: str) -> str:
    return _expand(sqlglot.parse_one(model.sql, read="duckdb"), touched, duplicate_window).sql(dialect)


def _expand(tree: exp.Expr, touched: bool, duplicate_window: timedelta) -> exp.Expr:
    def replace(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Parameter | exp.Placeholder):
            return _parameter(node.name, duplicate_window)
        if isinstance(node, exp.Anonymous) and node.name in _MACROS:
            return _MACROS[node.name](touched, *node.expressions)
        return node

    return tree.transform(replace)


def _parameter(name: str, duplicate_window: timedelta) -> exp.Expr:
    if name == "duplicate_window":
        return _parse(f"INTERVAL '{int(duplicate_window.total_seconds())}' SECOND")
    kind = "DATE" if name.endswith("_day") else "TIMESTAMP"
    return exp.cast(exp.Literal.string(f"<{name}>"), kind)


def _bind(text: str, scope: Scope) -> str:
    bounds = {
        "<start>": scope.start.isoformat(" "),
        "<end>": scope.end.isoformat(" "),
        "<first_day>": scope.first_day.isoformat(),
        "<end_day>": scope.end_day.isoformat(),
    }
    for marker, value in bounds.items():
        text = text.replace(marker, value)
    return text


def _touched(touched: bool, event_id: exp.Expr) -> exp.Expr:
    return _parse(f"{event_id.sql()} IN (SELECT touched.event_id FROM touched)" if touched else "TRUE")


def _arrived_before(_: bool, a: exp.Expr, b: exp.Expr) -> exp.Expr:
    *firsts, last = [(f"{a.name}.{column}", f"{b.name}.{column}") for column in _ARRIVAL]
    text = f"{last[0]} < {last[1]}"
    for left, right in reversed(firsts):
        text = f"({left} < {right} OR ({left} = {right} AND {text}))"
    return _parse(text)


def _mean_price(_: bool, total: exp.Expr, count: exp.Expr) -> exp.Expr:
    return _rounded_ratio(f"CAST({total.sql('duckdb')} * 100 AS BIGINT)", count.sql("duckdb"), "0.01", "DECIMAL(18, 2)")


def _percent_of(_: bool, part: exp.Expr, whole: exp.Expr) -> exp.Expr:
    ratio = _rounded_ratio(f"{part.sql()} * 1000000", whole.sql(), "0.0001", "DECIMAL(9, 4)")
    return _parse(f"CASE WHEN {whole.sql()} > 0 THEN {ratio.sql('duckdb')} END")


def _rounded_ratio(part: str, whole: str, unit: str, type: str) -> exp.Expr:
    """part / whole in units, for values that are not negative: floor((2 part + whole) / (2 whole))."""
    doubled = f"(2 * {part} + {whole})"
    floor = f"(({doubled} - {doubled} % (2 * {whole})) // (2 * {whole}))"
    return _parse(f"CAST(CAST({floor} AS DECIMAL(18, 0)) * {unit} AS {type})")


def _parse(text: str) -> exp.Expr:
    return sqlglot.parse_one(text, read="duckdb")


_MACROS: dict[str, Callable[..., exp.Expr]] = {
    "TOUCHED": _touched,
    "ARRIVED_BEFORE": _arrived_before,
    "MEAN_PRICE": _mean_price,
    "PERCENT_OF": _percent_of,
}
