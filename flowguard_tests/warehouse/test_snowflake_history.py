"""What statements have cost, as Snowflake's history of queries tells it.

fakesnow has none: a table with the columns that are documented stands in for it. That Snowflake fills them so, and that
its table function takes these arguments, is not proved here.
"""

import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from flowguard.models.registry import TABLES
from flowguard.rounds import gold
from flowguard.settings import Settings
from flowguard.warehouse import Spent, Warehouse, open_warehouse
from flowguard.warehouse.snowflake import history
from flowguard.warehouse.tag import about, of_run, tag
from flowguard_tests.warehouse.fakesnow import in_database_of_its_own
from flowguard_tests.warehouse.proxy import Proxy, proxy_to
from flowguard_tests.warehouse.samples import DAY

ORDERS, FUNNELS = "silver.orders_cleaned", "gold.funnel_metrics"


@pytest.fixture(scope="module")
def proxy(on_fakesnow: Settings) -> Iterator[Proxy]:
    assert on_fakesnow.snowflake_endpoint
    with proxy_to(on_fakesnow.snowflake_endpoint) as between:
        yield between


@pytest.fixture(scope="module")
def settings(on_fakesnow: Settings, proxy: Proxy) -> Settings:
    own = in_database_of_its_own(on_fakesnow, on_fakesnow)
    return own.model_copy(update={"snowflake_endpoint": proxy.endpoint})


@pytest.fixture
def warehouse(settings: Settings) -> Iterator[Warehouse]:
    with closing(open_warehouse(settings)) as opened:
        yield opened
        with opened.session() as session, session.transaction():
            for table in TABLES:
                session.execute(f"DELETE FROM {table.full_name}")


def tagged(run: str, asset: str | None) -> str:
    with of_run(run):
        return tag(asset)


@pytest.fixture
def told(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """A history of a run and of others."""
    rows = [
        (tagged("run", ORDERS), 1500, 100, 0.25),
        (tagged("run", ORDERS), 500, 50, 0.25),
        (tagged("run", FUNNELS), 10, None, None),
        (tagged("run", None), 7, 7, 7),
        (tagged("another run", ORDERS), 7, 7, 7),
        ("", 7, 7, 7),
    ]
    listed = " UNION ALL ".join(
        f"SELECT '{tag}' AS query_tag, CAST({time} AS BIGINT) AS execution_time, CAST({scanned or 'NULL'} AS BIGINT) "
        f"AS bytes_scanned, CAST({credits or 'NULL'} AS DOUBLE) AS credits_used_cloud_services"
        for tag, time, scanned, credits in rows
    )
    monkeypatch.setattr(history, "HISTORY", f"({listed}) AS told".replace("{", "{{").replace("}", "}}"))


@pytest.mark.usefixtures("told")
def test_it_is_summed_up_by_the_table_that_statements_of_the_run_are_about(warehouse: Warehouse) -> None:
    with of_run("run"):
        assert warehouse.spent() == {ORDERS: Spent(2, 2.0, 150, 0.5), FUNNELS: Spent(1, 0.01, 0, 0.0)}
    assert warehouse.spent() == {}, "no run, no bill"


def test_a_server_without_a_history_is_asked_once(warehouse: Warehouse, proxy: Proxy) -> None:
    proxy.sent.clear()
    with of_run("run"):
        assert warehouse.spent() == warehouse.spent() == {}
    assert sum("query_history_by_user" in statement for statement in proxy.sent) == 1


def test_what_gold_is_computed_with_is_about_its_tables(warehouse: Warehouse, settings: Settings, proxy: Proxy) -> None:
    with warehouse.session() as session, session.transaction():
        session.execute(f"INSERT INTO ops.dirty_days VALUES ('silver.clicks_cleaned', DATE '{DAY}', 1)")
    proxy.tags.clear()
    gold.refresh(warehouse, settings)
    about = {json.loads(tag).get("asset") for sent, tag in proxy.tags.items() if sent.startswith("INSERT INTO ops.scr")}
    assert {"gold.funnel_metrics", "gold.click_heatmap"} <= about
    deleted = [json.loads(tag) for sent, tag in proxy.tags.items() if sent.startswith(f"DELETE FROM {FUNNELS}")]
    assert [tag["asset"] for tag in deleted] == [FUNNELS]


def test_a_statement_is_about_what_it_is_sent_for() -> None:
    with about(FUNNELS):
        assert json.loads(tag(None))["asset"] == json.loads(tag("ops.scratch"))["asset"] == FUNNELS
    assert "asset" not in json.loads(tag(None))
