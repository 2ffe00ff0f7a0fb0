"""The texts that Snowflake is sent have to parse, and to use only functions that are known there."""

from collections.abc import Iterator
from datetime import datetime
from unittest import mock

import polars as pl
import pytest
import sqlglot
from sqlfluff.core import FluffConfig, Linter
from sqlglot import exp

from flowguard.alerts.history import recent
from flowguard.checks.registry import CHECKS
from flowguard.dashboard.filters import Days
from flowguard.dashboard.queries import categories, clicks, customers, flow, sales
from flowguard.dashboard.query import Query
from flowguard.defs.describe import describe
from flowguard.defs.flow import LIVE_TABLES
from flowguard.gold.tables import GOLD
from flowguard.models import render
from flowguard.models.parameters import Parameters
from flowguard.models.registry import MODELS
from flowguard.models.scope import Scope, days
from flowguard.report.queries import ask
from flowguard.rounds.failures import open_failures
from flowguard.rounds.holds import waiting
from flowguard.rounds.progress import positions
from flowguard.settings import Settings, load_settings
from flowguard.warehouse import Warehouse
from flowguard.warehouse.ducklake.session import DuckLakeSession
from flowguard.warehouse.shape import marks
from flowguard.warehouse.snowflake.dialect import create, parse, translate
from flowguard.warehouse.snowflake.history import HISTORY, SPENT
from flowguard.warehouse.snowflake.migrations import Database, needed
from flowguard.warehouse.snowflake.roles import script
from flowguard_tests.warehouse.samples import DAY

LINTER = Linter(config=FluffConfig(overrides={"dialect": "snowflake"}))
WHOLE = days(DAY, DAY)
TOUCHED = Scope(WHOLE.start, WHOLE.end, touched=True)
FUNCTIONS = {
    *(
        "AND",
        "CASE",
        "CAST",
        "COALESCE",
        "CONCAT_WS",
        "COUNT",
        "DATEDIFF",
        "DATE_DIFF",
        "DATEADD",
        "DATE_ADD",
        "EXTRACT",
    ),
    *("FIRST_VALUE", "GREATEST", "IF", "LAG", "LEAD", "LEAST", "LENGTH", "MAX", "MD5", "MIN", "OR", "RANK", "ROUND"),
    *("ROW_NUMBER", "SQRT", "SUM", "TRUNC"),
    *("ABS", "EXISTS", "FLOOR", "MEDIAN"),
    # As sqlglot calls Snowflake's BOOLAND_AGG, DATE_TRUNC and MAX_BY.
    *("LOGICAL_AND", "TIMESTAMP_TRUNC", "ARG_MAX"),
}


def texts() -> Iterator[tuple[str, str]]:
    fields = Settings.model_fields
    names = ("duplicate_window", "attribution_window", "attribution_models")
    parameters = Parameters(*(fields[name].default for name in names))
    for model in MODELS:
        yield model.full_name, translate(parse(render.select(model, WHOLE, parameters)), {})
        yield f"{model.full_name} deleted", translate(parse(render.delete(model, WHOLE)), {})
        if model.instant:
            kept = {"touched": "SELECT CAST(text_0 AS VARCHAR) AS user_id FROM scratch WHERE relation = 'x'"}
            yield f"{model.full_name} touched", translate(parse(render.select(model, TOUCHED, parameters)), kept)
    for number, (what, sql) in enumerate(needed(Database({}, frozenset(), 0, {}), "SHOP")):
        yield f"{number} {what} made", sql
    for table in GOLD:
        yield f"{table.full_name} made anew", create(table, anew=True)
        for number, mark in enumerate(marks(table)):
            yield f"{table.full_name} mark {number}", translate(parse(mark), {})


def questions() -> Iterator[tuple[str, str]]:
    """What checks and the dashboard ask."""
    for check in CHECKS:
        yield f"{check.table} {check.name}", check.counted([DAY] if check.day else [None])
    for module in (categories, clicks, customers, flow, sales):
        for name, query in vars(module).items():
            if isinstance(query, Query):
                yield f"{module.__name__.rpartition('.')[2]} {name}", query.text(Days(DAY, DAY))


QUESTIONS = {name: translate(parse(sql), {}) for name, sql in questions()}
TEXTS = dict(texts()) | QUESTIONS


@pytest.mark.parametrize("name", TEXTS)
def test_it_parses(name: str) -> None:
    parsed = LINTER.parse_string(TEXTS[name])
    assert [str(violation) for violation in parsed.violations] == []
    assert "unparsable" not in parsed.tree.type_set()  # type: ignore[union-attr]


@pytest.mark.parametrize("name", TEXTS)
def test_only_known_functions_are_used(name: str) -> None:
    assert used_in(TEXTS[name]) - FUNCTIONS == set()


def used_in(text: str) -> set[str]:
    tree = sqlglot.parse_one(text, read="snowflake")
    return {
        node.name.upper() if isinstance(node, exp.Anonymous) else node.sql_name() for node in tree.find_all(exp.Func)
    }


def test_what_the_report_descriptions_alerts_and_sensors_ask_parses(warehouse: Warehouse) -> None:
    """Recorded where they are asked."""
    asked: dict[str, str] = {}
    query = DuckLakeSession.query

    def recording(session: DuckLakeSession, sql: str) -> pl.DataFrame:
        asked[sql] = translate(parse(sql), {})
        return query(session, sql)

    with mock.patch.object(DuckLakeSession, "query", recording):
        ask(warehouse, DAY, "USD", datetime(2026, 11, 21))
        describe(warehouse, [(table.full_name, DAY if table.day else None) for table in (*LIVE_TABLES, *GOLD)])
        recent(warehouse, datetime(2026, 11, 21))
        open_failures(warehouse)
        waiting(warehouse)
        with warehouse.session() as session:
            positions(session)
    assert len(asked) > len(CHECKS)
    for sql in asked.values():
        assert used_in(sql) - FUNCTIONS == set()
    new = set(asked.values()) - set(TEXTS.values())
    parsed = LINTER.parse_string(";\n".join(new))
    assert [str(violation) for violation in parsed.violations] == []


def test_what_is_asked_of_the_history_of_queries_parses() -> None:
    asked = SPENT.format(history=HISTORY.format(since="2026-11-20 12:00:00"), run='"run_id": "x"')
    parsed = LINTER.parse_string(asked)
    assert [str(violation) for violation in parsed.violations] == []
    assert "unparsable" not in parsed.tree.type_set()  # type: ignore[union-attr]


def test_the_script_of_the_role_parses_and_grants_nothing_but_what_is_needed() -> None:
    settings = load_settings(warehouse="snowflake", snowflake_user="loader", snowflake_database="SHOP")
    text = script(settings)
    parsed = LINTER.parse_string(text)
    assert [str(violation) for violation in parsed.violations] == []
    grants = [line for line in text.splitlines() if line.startswith("GRANT")]
    assert grants == [
        "GRANT USAGE ON WAREHOUSE FLOWGUARD TO ROLE FLOWGUARD;",
        "GRANT USAGE, CREATE SCHEMA ON DATABASE SHOP TO ROLE FLOWGUARD;",
        "GRANT ROLE FLOWGUARD TO USER loader;",
    ]
