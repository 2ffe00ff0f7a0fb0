"""Our SQL, written in the DuckDB dialect, as Snowflake reads it."""

from collections.abc import Mapping

import sqlglot
from sqlglot import exp

from flowguard.errors import InvalidInput
from flowguard.models import render
from flowguard.models.table import COUNT, SMALL, Table, View

_INTEGERS = {SMALL: "NUMBER(9, 0)", COUNT: "NUMBER(18, 0)"}
"""Snowflake's own integers are all NUMBER(38, 0): by their precision they come back as what they were."""

_KEPT_AS = {"VARCHAR": "TEXT", "VARBINARY": "BINARY"}


def parse(sql: str) -> exp.Expr:
    """Raises InvalidInput if it is no SQL, or several statements."""
    try:
        return sqlglot.parse_one(sql, read="duckdb")
    except sqlglot.errors.SqlglotError as error:
        raise InvalidInput(str(error)) from error


def translate(tree: exp.Expr, relations: Mapping[str, str]) -> str:
    """A statement for Snowflake, in which kept relations are replaced by the SELECTs of where they are kept."""
    inner = {cte.alias for cte in tree.find_all(exp.CTE)}

    def replace(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Table) and not node.db and node.name in relations and node.name not in inner:
            kept = sqlglot.parse_one(relations[node.name], read="snowflake")
            return exp.Subquery(this=kept, alias=exp.TableAlias(this=exp.to_identifier(node.alias or node.name)))
        if isinstance(node, exp.Sub) and isinstance(node.expression, exp.Interval):
            return _before(node, node.expression)
        return node

    return tree.transform(replace).sql("snowflake").replace("TIMESTAMPNTZ", "TIMESTAMP_NTZ")


def _before(node: exp.Sub, interval: exp.Interval) -> exp.Expr:
    """Snowflake's intervals are literals: one that is computed has to be added by a function."""
    if isinstance(interval.this, exp.Literal):
        return node
    return exp.DateAdd(this=node.this, expression=exp.Neg(this=exp.paren(interval.this)), unit=interval.args["unit"])


def create(table: Table, *, anew: bool = False) -> str:
    """The CREATE TABLE of a table; ``anew``: in place of the one that is there, with its rows. Who was granted to read
    that one may read this one."""
    columns = ", ".join(f"{c.name} {type_of(c.type)}{' NOT NULL' if c.required else ''}" for c in table.columns)
    if anew:
        return f"CREATE OR REPLACE TABLE {table.full_name} ({columns}) COPY GRANTS"
    return f"CREATE TABLE IF NOT EXISTS {table.full_name} ({columns})"


def create_view(view: View) -> str:
    """The CREATE VIEW of a view, in place of one that is there; who was granted to read that one may read this one."""
    head, _, select = translate(parse(render.create_view(view)), {}).partition(" AS ")
    return f"{head} COPY GRANTS AS {select}"


def type_of(type: str) -> str:
    """A column's type, as it is declared."""
    declared = _INTEGERS.get(type) or exp.DataType.build(type, dialect="duckdb").sql("snowflake")
    return declared.replace("TIMESTAMPNTZ", "TIMESTAMP_NTZ")


def kept_as(type: str) -> str:
    """A column's type, as INFORMATION_SCHEMA calls it."""
    declared = type_of(type)
    return _KEPT_AS.get(declared, declared).replace("DECIMAL", "NUMBER")
