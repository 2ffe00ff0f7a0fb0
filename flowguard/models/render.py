"""From a model's one SQL text to the statements of a scope, in any dialect.

The text is the portable subset of the DuckDB dialect, with

- ``$start``, ``$end`` (instants), ``$first_day``, ``$end_day`` (days, the last exclusive): the scope's bounds,
- ``$duplicate_window``, ``$attribution_window``: intervals,
- ``TOUCHED(event_id)``: whether the scope covers that event; ``TOUCHED(user_id)``: or that user,
- ``CHOSEN('last_click')``: whether orders are attributed by that model,
- ``ARRIVED_BEFORE(a, b)``: whether row a arrived before row b,
- ``MEAN_PRICE(sum, count)``, ``RATIO_OF(part, whole)``, ``PERCENT_OF(part, whole)``: rounded half away from zero in
  integers, because engines disagree on what dividing decimals gives; ratio and percent of a whole of 0 are NULL,
- ``SECONDS_BETWEEN(a, b)``: whole seconds from a to b, which is not before a,
- ``STRETCH(instant)``: which stretch of time an instant is in, each as long as the attribution window,
- ``MONDAY_OF(day)``, ``WEEKDAY_OF(day)``: the day's Monday, and 1 for a Monday up to 7; what a week is would depend on
  an engine's settings,
- ``WEEKS_BETWEEN(a, b)``: whole weeks from a to b, which is not before a,
- ``DIGEST(a, b, …)``: a text that is another one when some value is.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import cache
from typing import NamedTuple

import sqlglot
from sqlglot import exp

from flowguard.models.parameters import Parameters
from flowguard.models.scope import Scope
from flowguard.models.table import MONEY, RATE, Column, Model, Table, View

_MICROSECONDS = 1_000_000
_WITHOUT_SCHEMAS = {"spark"}
"""Dialects in which the models read temporary views, which have no schema."""
_ARRIVAL = ("_arrived_at", "_topic", "_generation", "_partition", "_offset")


def select(model: Model, scope: Scope, parameters: Parameters, dialect: str = "duckdb") -> str:
    """The SELECT of a model's rows for a scope."""
    return _bind(_select_text(model, scope.touched, parameters, dialect), scope)


def union_all(selects: Iterable[str]) -> str:
    """The rows of several SELECTs, each of which may begin with WITH."""
    return " UNION ALL ".join(f"SELECT * FROM ({select}) AS part" for select in selects)


def delete(model: Model, scope: Scope, dialect: str = "duckdb") -> str:
    """The DELETE of a model's rows for a scope."""
    return _bind(f"DELETE FROM {model.full_name} WHERE {_scope_text(model, scope.touched, dialect)}", scope)


def in_scope(model: Model, scope: Scope, dialect: str = "duckdb") -> str:
    """The condition by which a model's stored rows belong to a scope."""
    return _bind(_scope_text(model, scope.touched, dialect), scope)


def translate(sql: str, dialect: str) -> str:
    """A statement in the portable subset, without anything to expand."""
    return _write(_parse(sql), dialect)


def name_in(table: str, dialect: str) -> str:
    """What the table of a full name is called in the texts of a dialect."""
    return table.replace(".", "_") if dialect in _WITHOUT_SCHEMAS else table


def create(table: Table, dialect: str = "duckdb") -> str:
    """The CREATE TABLE of a table."""
    columns = ", ".join(f"{c.name} {c.type}{' NOT NULL' if c.required else ''}" for c in table.columns)
    text = f"CREATE TABLE IF NOT EXISTS {table.full_name} ({columns})"
    return sqlglot.transpile(text, read="duckdb", write=dialect)[0]


def create_view(view: View, dialect: str = "duckdb") -> str:
    """The CREATE VIEW of a view; one that is there is replaced."""
    text = f"CREATE OR REPLACE VIEW {view.full_name} AS {view.sql}"
    return _expand(sqlglot.parse_one(text, read="duckdb"), _Known(False, None)).sql(dialect)


def add_column(table: Table, column: Column, dialect: str = "duckdb") -> str:
    """The ALTER TABLE that adds a column which may be NULL."""
    text = f"ALTER TABLE {table.full_name} ADD COLUMN {column.name} {column.type}"
    return sqlglot.transpile(text, read="duckdb", write=dialect)[0]


@cache
def _scope_text(model: Model, touched: bool, dialect: str) -> str:
    # Each condition more costs a look into the catalog's statistics: days only where storage is partitioned by them.
    conditions = [f"{model.instant} >= $start AND {model.instant} < $end"] if model.instant else []
    if model.day and (model.partitioned or not conditions):
        conditions.append(f"{model.day} >= $first_day AND {model.day} < $end_day")
    if touched:
        conditions.append(f"TOUCHED({model.identity})")
    tree = sqlglot.parse_one(" AND ".join(conditions) or "TRUE", read="duckdb")
    return _write(_expand(tree, _Known(touched, None)), dialect)


@cache
def _select_text(model: Model, touched: bool, parameters: Parameters, dialect: str) -> str:
    return _write(_expand(sqlglot.parse_one(model.sql, read="duckdb"), _Known(touched, parameters)), dialect)


def _write(tree: exp.Expr, dialect: str) -> str:
    for table in tree.find_all(exp.Table):
        if table.db and dialect in _WITHOUT_SCHEMAS:
            table.replace(exp.to_table(name_in(f"{table.db}.{table.name}", dialect), alias=table.alias or None))
    return tree.sql(dialect)


class _Known(NamedTuple):
    """What is known when a text is expanded; the parameters only where a whole model is."""

    touched: bool
    parameters: Parameters | None

    def interval(self, name: str) -> timedelta:
        found = getattr(self.parameters, name)
        assert isinstance(found, timedelta)
        return found


def _expand(tree: exp.Expr, known: _Known) -> exp.Expr:
    def replace(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Parameter | exp.Placeholder):
            return _parameter(node.name, known)
        if isinstance(node, exp.Anonymous) and node.name in _MACROS:
            return _MACROS[node.name](known, *(_expand(argument, known) for argument in node.expressions))
        return node

    return tree.transform(replace)


def _parameter(name: str, known: _Known) -> exp.Expr:
    if name.endswith("_window"):
        return _parse(f"INTERVAL '{int(known.interval(name).total_seconds())}' SECOND")
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


def _touched(known: _Known, identity: exp.Expr) -> exp.Expr:
    return _parse(f"{identity.sql()} IN (SELECT touched.{identity.name} FROM touched)" if known.touched else "TRUE")


def _chosen(known: _Known, model: exp.Expr) -> exp.Expr:
    assert known.parameters is not None
    return _parse("TRUE" if model.name in known.parameters.attribution_models else "FALSE")


def _arrived_before(_: _Known, a: exp.Expr, b: exp.Expr) -> exp.Expr:
    *firsts, last = [(f"{a.name}.{column}", f"{b.name}.{column}") for column in _ARRIVAL]
    text = f"{last[0]} < {last[1]}"
    for left, right in reversed(firsts):
        text = f"({left} < {right} OR ({left} = {right} AND {text}))"
    return _parse(text)


def _mean_price(_: _Known, total: exp.Expr, count: exp.Expr) -> exp.Expr:
    return _rounded_ratio(f"CAST({total.sql('duckdb')} * 100 AS BIGINT)", count.sql("duckdb"), "0.01", MONEY)


def _ratio_of(_: _Known, part: exp.Expr, whole: exp.Expr, times: int = 1) -> exp.Expr:
    ratio = _rounded_ratio(f"{part.sql('duckdb')} * {times}0000", whole.sql("duckdb"), "0.0001", RATE)
    return _parse(f"CASE WHEN {whole.sql('duckdb')} > 0 THEN {ratio.sql('duckdb')} END")


def _percent_of(known: _Known, part: exp.Expr, whole: exp.Expr) -> exp.Expr:
    return _ratio_of(known, part, whole, times=100)


def _rounded_ratio(part: str, whole: str, unit: str, type: str) -> exp.Expr:
    """part / whole in units, for values that are not negative: floor((2 part + whole) / (2 whole))."""
    doubled = f"(2 * {part} + {whole})"
    floor = f"(({doubled} - {doubled} % (2 * {whole})) // (2 * {whole}))"
    return _parse(f"CAST(CAST({floor} AS DECIMAL(18, 0)) * {unit} AS {type})")


def _seconds_between(_: _Known, start: exp.Expr, end: exp.Expr) -> exp.Expr:
    return _parse(_whole(_microseconds(start.sql("duckdb"), end.sql("duckdb")), _MICROSECONDS))


def _stretch(known: _Known, instant: exp.Expr) -> exp.Expr:
    length = max(known.interval("attribution_window"), timedelta(seconds=1)) // timedelta(microseconds=1)
    since = _microseconds("CAST('1970-01-01 00:00:00' AS TIMESTAMP)", instant.sql("duckdb"))
    return _parse(_whole(since, length))


def _microseconds(start: str, end: str) -> str:
    """Engines count the borders between two instants, or what is whole between them: of microseconds it is the same."""
    return f"DATE_DIFF('microsecond', {start}, {end})"


def _whole(amount: str, unit: int) -> str:
    """How often a unit is in an amount. Some engines divide integers with a fraction: nothing is left to divide."""
    return f"(({amount} - {amount} % {unit}) // {unit})"


def _monday_of(_: _Known, day: exp.Expr) -> exp.Expr:
    since = exp.cast(_parse(_days_since_monday(day)), "INTEGER")  # of a wider integer Spark takes no days
    return exp.cast(exp.DateSub(this=day, expression=since, unit=exp.var("DAY")), "DATE")


def _weekday_of(_: _Known, day: exp.Expr) -> exp.Expr:
    return _parse(f"CAST({_days_since_monday(day)} + 1 AS INTEGER)")


def _days_since_monday(day: exp.Expr) -> str:
    """1970 had its first Monday on January 5th; days before it have a negative remainder, in all engines."""
    return f"((DATE_DIFF('day', CAST('1970-01-05' AS DATE), {day.sql('duckdb')}) % 7 + 7) % 7)"


def _weeks_between(_: _Known, start: exp.Expr, end: exp.Expr) -> exp.Expr:
    return _parse(_whole(f"DATE_DIFF('day', {start.sql('duckdb')}, {end.sql('duckdb')})", 7))


def _digest(_: _Known, *values: exp.Expr) -> exp.Expr:
    return _parse(digest(*(value.sql("duckdb") for value in values)))


def digest(*values: str) -> str:
    """The digest of values, in the DuckDB dialect. With the lengths in front, no two lists of texts look the same."""
    texts = [f"CAST({value} AS VARCHAR)" for value in values]
    lengths = [f"COALESCE(CAST(LENGTH({text}) AS VARCHAR), '-')" for text in texts]
    present = [f"COALESCE({text}, '')" for text in texts]
    return f"MD5(CONCAT_WS('|', {', '.join([*lengths, *present])}))"


def _parse(text: str) -> exp.Expr:
    return sqlglot.parse_one(text, read="duckdb")


_MACROS: dict[str, Callable[..., exp.Expr]] = {
    "TOUCHED": _touched,
    "ARRIVED_BEFORE": _arrived_before,
    "MEAN_PRICE": _mean_price,
    "RATIO_OF": _ratio_of,
    "PERCENT_OF": _percent_of,
    "MONDAY_OF": _monday_of,
    "WEEKDAY_OF": _weekday_of,
    "WEEKS_BETWEEN": _weeks_between,
    "SECONDS_BETWEEN": _seconds_between,
    "STRETCH": _stretch,
    "DIGEST": _digest,
    "CHOSEN": _chosen,
}
