"""What a plan takes from the models, without Spark."""

import re
from datetime import date, timedelta

import pytest
import sqlglot
from sqlglot import exp

from flowguard.gold.tables import DAILY_ORDER_METRICS, FLOW_LEDGER, USER_COHORTS
from flowguard.models import render
from flowguard.models.parameters import Parameters
from flowguard.models.registry import MODELS, TABLES
from flowguard.models.scope import days
from flowguard.models.table import Model, Table
from flowguard.silver.tables import ATTRIBUTED_ORDERS, CLICKS_CLEANED, ORDERS_CLEANED
from flowguard.spark import sql
from flowguard_tests.require import require

PARAMETERS = Parameters(timedelta(days=7), timedelta(minutes=30), ("last_click", "first_click"))
TWO = [days(date(2026, 11, 20), date(2026, 11, 21)), days(date(2026, 11, 25), date(2026, 11, 25))]
SPARK_TYPES = {"STRING", "DATE", "TIMESTAMP_NTZ", "INT", "BIGINT", "BOOLEAN", "BINARY"}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.full_name)
def test_a_step_names_views_only(model: Model) -> None:
    step = sql.step(model, TWO, PARAMETERS, "to")
    text = re.sub(r"/\*.*?\*/", "", step.select + step.replaced)
    assert not re.search(r"\b(bronze|silver|gold|ops)\.", text)
    for name in sql.sources([model]):
        assert (render.name_in(name, sql.DIALECT) in text) is (name != "ops.outbox")


def test_a_step_covers_all_scopes_and_a_table_without_days_itself() -> None:
    assert sql.step(DAILY_ORDER_METRICS, TWO, PARAMETERS, "to").select.count(" UNION ALL ") == 1
    cohorts = sql.step(USER_COHORTS, TWO, PARAMETERS, "to")
    assert " UNION ALL " not in cohorts.select and cohorts.replaced == "(TRUE)"


def test_only_days_that_the_storage_knows_become_folders() -> None:
    assert sql.step(CLICKS_CLEANED, TWO, PARAMETERS, "to").day == "event_date"
    assert sql.step(DAILY_ORDER_METRICS, TWO, PARAMETERS, "to").day is None


def test_the_sources_are_what_the_texts_read() -> None:
    assert sql.sources([ATTRIBUTED_ORDERS]) == ("ops.outbox", "silver.clicks_cleaned", "silver.orders_cleaned")
    assert "silver.order_duplicates" in sql.sources([FLOW_LEDGER])
    assert sql.sources([ORDERS_CLEANED, DAILY_ORDER_METRICS]) == (
        *("bronze.orders_raw", "silver.order_duplicates", "silver.order_refunds", "silver.orders_cleaned"),
    )


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.full_name)
def test_every_column_that_is_read_is_named(model: Model) -> None:
    """What is not named need not be in the files: so no star may be of a table."""
    step, kept = sql.step(model, TWO, PARAMETERS, "to"), sql.kept(TWO)
    tables = {render.name_in(name, sql.DIALECT) for name in sql.sources([model])}
    for text in (step.select, *kept.values()):
        for select in sqlglot.parse_one(text, read=sql.DIALECT).find_all(exp.Select):
            if any(column.is_star for column in select.expressions):
                joined = [select.args["from_"], *select.args.get("joins", ())]
                assert tables.isdisjoint(part.this.name for part in joined)
    found = sql.names([step], kept)
    assert found >= set(model.keys) and "payload" not in found


def test_what_was_told_is_kept_where_orders_are_attributed() -> None:
    assert sql.kept([]) == {}
    assert "FROM ops_outbox WHERE" in sql.kept(TWO)["known"]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.full_name)
def test_every_column_has_a_type(table: Table) -> None:
    for type in sql.columns(table).values():
        assert type in SPARK_TYPES or re.fullmatch(r"DECIMAL\(\d+, \d\)", type)


def test_the_job_calls_views_as_the_texts_do() -> None:
    require("spark")
    from flowguard.spark.job import view_name

    assert view_name("silver.clicks_cleaned") == render.name_in("silver.clicks_cleaned", sql.DIALECT)
