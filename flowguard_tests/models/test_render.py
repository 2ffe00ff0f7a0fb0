"""Nothing enters a model that cannot leave DuckDB."""

from datetime import date, datetime, timedelta

import pytest
import sqlglot
from sqlglot import exp

from flowguard.models import render
from flowguard.models.parameters import Parameters
from flowguard.models.registry import MODELS, TABLES
from flowguard.models.scope import Scope, days
from flowguard.models.table import Model, Table

PARAMETERS = Parameters(timedelta(days=7), timedelta(minutes=30), ("last_click", "first_click"))
SCOPES = [
    days(date(2026, 11, 20), date(2026, 11, 21)),
    Scope(datetime(2026, 11, 20, 5), datetime(2026, 11, 20, 6), True),
]
DIALECTS = ["duckdb", "snowflake", "spark"]
PORTABLE = (
    exp.Count, exp.Sum, exp.Max, exp.Min, exp.RowNumber, exp.FirstValue, exp.Cast, exp.Case, exp.If, exp.And, exp.Or,
    exp.Interval, exp.Trunc, exp.TryCast,
    exp.LastValue, exp.DateDiff, exp.Coalesce, exp.Length, exp.ConcatWs, exp.MD5,
    exp.TsOrDsToDate,  # as which sqlglot reads the arguments of Spark's DATEDIFF(MICROSECOND, a, b)
)  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("scope", SCOPES, ids=["days", "touched"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.full_name)
def test_every_model_leaves_duckdb(model: Model, scope: Scope, dialect: str) -> None:
    text = render.select(model, scope, PARAMETERS, dialect)
    tree = sqlglot.parse_one(text, read=dialect)
    assert "$" not in text and "<" + "start>" not in text
    assert {type(node).__name__ for node in tree.find_all(exp.Func)} <= {kind.__name__ for kind in PORTABLE}
    assert not list(tree.find_all(exp.Qualify, exp.Anonymous))
    sqlglot.parse_one(render.delete(model, scope, dialect), read=dialect)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.full_name)
def test_a_model_selects_its_columns(model: Model) -> None:
    tree = sqlglot.parse_one(render.select(model, SCOPES[0], PARAMETERS), read="duckdb")
    assert tuple(tree.named_selects) == model.column_names


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.full_name)
def test_every_table_can_be_created(table: Table, dialect: str) -> None:
    tree = sqlglot.parse_one(render.create(table, dialect), read=dialect)
    assert len(list(tree.find_all(exp.ColumnDef))) == len(table.columns)
