"""Nothing enters a model that cannot leave DuckDB."""

from datetime import date, datetime, timedelta

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from flowguard.models import render
from flowguard.models.parameters import Parameters
from flowguard.models.registry import MODELS, TABLES, VIEWS
from flowguard.models.scope import Scope, days
from flowguard.models.table import Model, Table, View

PARAMETERS = Parameters(timedelta(days=7), timedelta(minutes=30), ("last_click", "first_click"))
SCOPES = [
    days(date(2026, 11, 20), date(2026, 11, 21)),
    Scope(datetime(2026, 11, 20, 5), datetime(2026, 11, 20, 6), True),
]
DIALECTS = ["duckdb", "snowflake", "spark"]
PORTABLE = (
    exp.Count, exp.Sum, exp.Max, exp.Min, exp.RowNumber, exp.FirstValue, exp.Cast, exp.Case, exp.If, exp.And, exp.Or,
    exp.Interval, exp.Trunc, exp.TryCast, exp.Extract, exp.DateAdd, exp.TsOrDsAdd,
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


def value_of(expression: str) -> object:
    """What the text of a model gives for an expression."""
    model = Model("gold", expression, "", (), ())
    vars(model)["sql"] = f"SELECT {expression} AS found"
    found = duckdb.sql(render.select(model, SCOPES[0], PARAMETERS)).fetchone()
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    ("day", "monday", "weekday"),
    [
        ("2026-11-22", "2026-11-16", 7),
        ("2026-11-23", "2026-11-23", 1),
        ("2026-01-01", "2025-12-29", 4),
        ("1969-12-31", "1969-12-29", 3),
    ],
)
def test_a_week_begins_on_monday(day: str, monday: str, weekday: int) -> None:
    assert str(value_of(f"MONDAY_OF(CAST('{day}' AS DATE))")) == monday
    assert value_of(f"WEEKDAY_OF(CAST('{day}' AS DATE))") == weekday


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("RATIO_OF(2, 3)", "0.6667"),
        ("RATIO_OF(1, 20000)", "0.0001"),
        ("RATIO_OF(0, 7)", "0.0000"),
        ("RATIO_OF(7, 0)", "None"),
        ("PERCENT_OF(1001, 1)", "100100.0000"),
        ("PERCENT_OF(1, 32)", "3.1250"),
    ],
)
def test_a_ratio_is_rounded_half_away_from_zero(expression: str, expected: str) -> None:
    assert str(value_of(expression)) == expected


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.full_name)
def test_every_view_leaves_duckdb(view: View, dialect: str) -> None:
    tree = sqlglot.parse_one(render.create_view(view, dialect), read=dialect)
    assert tuple(tree.expression.named_selects) == tuple(column.name for column in view.columns)
    assert not list(tree.find_all(exp.Qualify, exp.Anonymous))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.full_name)
def test_every_table_can_be_created(table: Table, dialect: str) -> None:
    tree = sqlglot.parse_one(render.create(table, dialect), read=dialect)
    assert len(list(tree.find_all(exp.ColumnDef))) == len(table.columns)
