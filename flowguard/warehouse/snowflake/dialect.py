"""Our SQL, written in the DuckDB dialect, as Snowflake reads it."""

from collections.abc import Mapping

import sqlglot
from sqlglot import exp

from flowguard.errors import InvalidInput
from flowguard.models.table import COUNT, SMALL, Table

_INTEGERS = {SMALL: "NUMBER(9, 0)", COUNT: "NUMBER(18, 0)"}
"""Snowflake's own integers are all NUMBER(38, 0): by their precision they come back as what they were."""


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
        return node

    return tree.transform(replace).sql("snowflake").replace("TIMESTAMPNTZ", "TIMESTAMP_NTZ")


def create(table: Table) -> str:
    """The CREATE TABLE of a table."""
    columns = ", ".join(f"{c.name} {type_of(c.type)}{' NOT NULL' if c.required else ''}" for c in table.columns)
    return f"CREATE TABLE IF NOT EXISTS {table.full_name} ({columns})"


def type_of(type: str) -> str:
    """A column's type, as it is declared."""
    return _INTEGERS.get(type) or exp.DataType.build(type, dialect="duckdb").sql("snowflake")
