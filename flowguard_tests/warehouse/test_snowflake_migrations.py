"""What an older version of FlowGuard left in Snowflake is brought forward, once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from typer.testing import CliRunner

from flowguard.bronze.tables import CLICKS_RAW
from flowguard.cli.main import app
from flowguard.errors import InvalidInput, WarehouseCorrupt
from flowguard.gold.tables import CLICK_HEATMAP
from flowguard.models.registry import TABLES, VIEWS
from flowguard.models.scope import days
from flowguard.rounds import gold
from flowguard.settings import Settings, as_environment
from flowguard.silver.tables import CLICKS_CLEANED
from flowguard.warehouse import open_warehouse
from flowguard.warehouse.snowflake import scratch
from flowguard.warehouse.snowflake.connection import connect
from flowguard.warehouse.snowflake.dialect import create, kept_as
from flowguard.warehouse.snowflake.migrations import Database, look, needed
from flowguard.warehouse.snowflake.stage import STAGE
from flowguard_tests.warehouse.fakesnow import in_database_of_its_own
from flowguard_tests.warehouse.proxy import Refusal, proxy_to
from flowguard_tests.warehouse.samples import DAY, clicks

APPLIED = "SELECT version, what FROM ops.migrations ORDER BY version, what"


@pytest.fixture
def home(on_fakesnow: Settings) -> Settings:
    """A database without anything."""
    return in_database_of_its_own(on_fakesnow, on_fakesnow)


@pytest.fixture(scope="module")
def complete(on_fakesnow: Settings) -> Database:
    """What is known of a database that lacks nothing."""
    home = in_database_of_its_own(on_fakesnow, on_fakesnow)
    open_warehouse(home).close()
    with connect(home) as connection:
        return look(connection)


def init(settings: Settings, *options: str) -> str:
    done = CliRunner().invoke(app, ["warehouse", "init", *options], env=as_environment(settings))
    assert done.exit_code == 0, done.output
    return done.stdout


def test_init_creates_what_is_missing_and_a_dry_run_only_says_it(home: Settings) -> None:
    said = init(home, "--dry-run")
    assert said.count("CREATE TABLE IF NOT EXISTS ") == len(TABLES) + 1
    assert init(home, "--dry-run") == said
    assert init(home) == f"The tables in {home.snowflake_database} are ready.\n"
    assert init(home, "--dry-run") == ""
    init(home)
    with closing(open_warehouse(home)) as warehouse:
        applied = warehouse.query(APPLIED)
    assert applied["version"].unique().to_list() == [1]
    assert applied.height == said.count(";\n")


OLDER_VIEW = "CREATE OR REPLACE VIEW gold.food_performance_total AS SELECT 1 AS older"


@pytest.fixture
def older(home: Settings) -> Settings:
    """As an older version left it: without some columns, with GOLD and a view of other shapes; and with clicks."""
    with closing(open_warehouse(home)) as warehouse, warehouse.session() as session:
        staged = warehouse.stage(CLICKS_RAW, clicks(0, 1))
        with session.transaction():
            session.append(staged)
            session.rebuild(CLICKS_CLEANED, days(DAY, DAY))
        session.execute("ALTER TABLE bronze.clicks_raw DROP COLUMN page")
        session.execute("ALTER TABLE ops.scratch DROP COLUMN text_23")
        session.execute("ALTER TABLE gold.funnel_metrics DROP COLUMN converted_clicks")
        session.execute(OLDER_VIEW)
        session.execute(f"UPDATE ops.migrations SET statement = '{OLDER_VIEW}' WHERE what = '{VIEWS[0].full_name}'")
    return home


def test_an_older_shape_is_brought_forward_once(older: Settings) -> None:
    said = init(older, "--dry-run").splitlines()
    init(older)
    with closing(open_warehouse(older)) as warehouse:
        applied = warehouse.query(APPLIED)
        changed = ["bronze.clicks_raw", VIEWS[0].full_name, "gold.funnel_metrics", *["ops.dirty_days"] * 2]
        assert applied.filter(version=2)["what"].to_list() == sorted([*changed, "ops.scratch"])
        assert len(said) == applied.filter(version=2).height
        assert "ALTER TABLE bronze.clicks_raw ADD COLUMN IF NOT EXISTS page VARCHAR;" in said
        assert warehouse.query("SELECT page FROM bronze.clicks_raw").to_series().to_list() == [None, None]
        assert warehouse.query("SELECT * FROM gold.food_performance_total").width == len(VIEWS[0].columns)
        marked = warehouse.query("SELECT table_name, day FROM ops.dirty_days").rows()
        assert set(marked) == {("silver.clicks_cleaned", DAY)}
        gold.refresh(warehouse, older)
        assert warehouse.query("SELECT SUM(clicks), SUM(converted_clicks) FROM gold.funnel_metrics").row(0) == (2, 0)
    assert init(older, "--dry-run") == ""
    with closing(open_warehouse(older)) as warehouse:
        assert warehouse.query(APPLIED).equals(applied)
        assert warehouse.query("SELECT SUM(clicks) FROM gold.funnel_metrics").item() == 2


@pytest.mark.parametrize(
    "broken",
    [
        "CREATE OR REPLACE TABLE gold.funnel_metrics",
        pytest.param("INSERT INTO ops.dirty_days", marks=pytest.mark.faults),
        pytest.param("INSERT INTO ops.migrations", marks=pytest.mark.faults),
    ],
)
def test_who_fails_half_way_is_followed_by_one_who_finishes(older: Settings, broken: str) -> None:
    assert older.snowflake_endpoint
    with proxy_to(older.snowflake_endpoint) as proxy:
        proxy.refuse(broken, Refusal(1003, "half-way"))
        with pytest.raises(InvalidInput, match="half-way"):
            open_warehouse(older.model_copy(update={"snowflake_endpoint": proxy.endpoint}))
    with closing(open_warehouse(older)) as warehouse:
        gold.refresh(warehouse, older)
        assert warehouse.query("SELECT SUM(clicks), SUM(converted_clicks) FROM gold.funnel_metrics").row(0) == (2, 0)
    assert init(older, "--dry-run") == ""


def test_who_starts_at_once_with_others_makes_nothing_twice(home: Settings) -> None:
    with ThreadPoolExecutor(3) as threads:
        for opened in threads.map(open_warehouse, [home] * 3):
            opened.close()
    with closing(open_warehouse(home)) as warehouse:
        applied = warehouse.query(APPLIED)
    assert applied["version"].unique().to_list() == [1]
    assert applied["what"].is_unique().all()


def with_other_types(complete: Database, statement: str) -> Database:
    """The heatmap was made by a statement, and its clicks are called otherwise."""
    heatmap = {**complete.shape["gold.click_heatmap"], "clicks": "NUMBER(9, 4)"}
    return complete._replace(
        shape={**complete.shape, "gold.click_heatmap": heatmap},
        applied={**complete.applied, "gold.click_heatmap": statement},
    )


def test_gold_whose_columns_had_other_types_is_computed_anew(complete: Database) -> None:
    made = list(needed(with_other_types(complete, "CREATE TABLE of an older version"), "SHOP"))
    assert [statement.sql.split(" (")[0] for statement in made] == [
        "INSERT INTO ops.dirty_days SELECT DISTINCT 'silver.clicks_cleaned', event_date, 0 FROM silver.clicks_cleaned",
        "CREATE OR REPLACE TABLE gold.click_heatmap",
    ]


def test_gold_is_not_computed_anew_because_snowflake_calls_a_type_otherwise(complete: Database) -> None:
    assert not list(needed(with_other_types(complete, create(CLICK_HEATMAP, anew=True)), "SHOP"))


def test_a_stage_that_is_gone_is_made_again(complete: Database) -> None:
    assert list(needed(complete, "SHOP")) == []
    assert [made.what for made in needed(complete._replace(stages=frozenset()), "SHOP")] == [STAGE]


def test_a_table_that_lacks_a_required_column_is_refused(complete: Database) -> None:
    shape = {**complete.shape, "bronze.clicks_raw": {"payload": "BINARY"}}
    with pytest.raises(WarehouseCorrupt, match=r"bronze\.clicks_raw in database SHOP has no column event_id"):
        list(needed(complete._replace(shape=shape), "SHOP"))


OURS = {column.name: kept_as(column.type) for column in TABLES[0].columns}


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        (OURS | {"basket": "TEXT"}, "it has basket"),
        ({name: OURS[name] for name in OURS if name != "currency"}, "it has no currency"),
    ],
)
def test_a_table_of_the_shop_with_one_of_our_names_is_refused_before_anything_is_created(
    columns: dict[str, str], why: str
) -> None:
    foreign = Database({"bronze.orders_raw": columns}, frozenset(), 0, {})
    with pytest.raises(InvalidInput, match=rf"BRONZE\.ORDERS_RAW is there already.*{why}\. Nothing was changed"):
        next(needed(foreign, "SHOP"))


def test_what_a_database_was_made_of_before_it_was_written_down_is_taken_over(complete: Database) -> None:
    shape = {table: columns for table, columns in complete.shape.items() if table != "ops.migrations"}
    made = list(needed(Database(shape, complete.stages, 0, {}), "SHOP"))
    assert [statement.what for statement in made] == ["ops.migrations", *(view.full_name for view in VIEWS)]
    assert scratch.SCRATCH in shape
