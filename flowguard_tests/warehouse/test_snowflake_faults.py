"""What goes wrong on the way to Snowflake: texts that say what to do, and every row there exactly once afterwards."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from flowguard.errors import FlowGuardError, InvalidInput, InvalidSettings, WarehouseBusy, WarehouseUnavailable
from flowguard.kafka.ranges import OffsetRange
from flowguard.kafka.reader import Block
from flowguard.models.ops import DIRTY_DAYS
from flowguard.models.registry import TABLES
from flowguard.models.scope import days
from flowguard.rounds.chunk import Chunk, prepare
from flowguard.rounds.commit import commit
from flowguard.settings import Settings
from flowguard.silver.tables import CLICKS_CLEANED
from flowguard.warehouse import Warehouse, open_warehouse
from flowguard.warehouse.snowflake import connection, session
from flowguard.warehouse.tag import of_run
from flowguard_tests.warehouse.proxy import LOGIN, UPLOAD, Cut, Proxy, Refusal, proxy_to
from flowguard_tests.warehouse.samples import DAY, dirty

ORDERS = 40


@pytest.fixture(scope="module")
def proxy(on_fakesnow: Settings) -> Iterator[Proxy]:
    assert on_fakesnow.snowflake_endpoint
    with proxy_to(on_fakesnow.snowflake_endpoint) as between:
        yield between


@pytest.fixture(scope="module")
def settings(on_fakesnow: Settings, proxy: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home whose way to the server leads through the proxy."""
    home = tmp_path_factory.mktemp("faults")
    return on_fakesnow.model_copy(update={"home": home, "snowflake_endpoint": proxy.endpoint})


@pytest.fixture
def warehouse(settings: Settings, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    from snowflake.connector.storage_client import SnowflakeStorageClient

    for module, seconds in ((connection, "_LOGIN_SECONDS"), (connection, "_STATEMENT_SECONDS")):
        monkeypatch.setattr(module, seconds, 2)  # so long the connector goes on by itself
    monkeypatch.setattr(session, "LONGEST_STATEMENT_SECONDS", 2)
    monkeypatch.setattr(SnowflakeStorageClient, "SLEEP_UNIT", 0.001)
    with closing(open_warehouse(settings)) as opened:
        yield opened
        proxy.heal()
        with opened.session() as emptying, emptying.transaction():
            for table in TABLES:
                emptying.execute(f"DELETE FROM {table.full_name}")


def chunk(warehouse: Warehouse, settings: Settings) -> Chunk:
    """Orders that nothing is ingested of yet, staged."""
    planned = OffsetRange(settings.orders_topic, 1, 0, 0, ORDERS, DAY, None, None)
    arrived = int(datetime(2026, 11, 20, 13, tzinfo=UTC).timestamp() * 1000)
    order = {"event_type": "order_placed", "user_id": "ann", "item_id": "ramen", "price": "9.50"}
    order |= {"event_timestamp": "2026-11-20T12:00:00Z"}
    values = [json.dumps(order | {"event_id": f"e{n}", "order_id": f"o{n}"}).encode() for n in range(ORDERS)]
    return prepare(
        [planned], [Block(planned, values, list(range(ORDERS)), [arrived] * ORDERS)], warehouse, settings, "r"
    )


def ingest(warehouse: Warehouse, settings: Settings) -> None:
    """A round as a run does it."""
    ready = chunk(warehouse, settings)
    with warehouse.session() as writing:
        commit(writing, ready, settings)


def assert_each_row_is_there_once(warehouse: Warehouse) -> None:
    for table in ("bronze.orders_raw", "silver.orders_cleaned"):
        assert warehouse.query(f"SELECT COUNT(*), COUNT(DISTINCT event_id) FROM {table}").row(0) == (ORDERS, ORDERS)
    assert warehouse.query("SELECT start_offset, end_offset FROM ops.ingest_ranges").rows() == [(0, ORDERS)]


MOMENTS: list[tuple[str, Cut]] = [
    (UPLOAD, "request"),
    (UPLOAD, "answer"),
    ("COPY INTO bronze", "request"),
    ("COMMIT", "request"),
    ("COMMIT", "answer"),
]


@pytest.mark.faults
@pytest.mark.parametrize(("beginning", "cut"), MOMENTS)
def test_a_network_that_stays_away_leaves_every_row_once_when_it_is_back(
    warehouse: Warehouse, settings: Settings, proxy: Proxy, beginning: str, cut: Cut
) -> None:
    proxy.cut_once(beginning, cut, for_long=True)
    with pytest.raises(WarehouseUnavailable, match="safe to try again"):
        ingest(warehouse, settings)
    assert proxy.down, "it was not cut at all"
    proxy.heal()
    ingest(warehouse, settings)
    assert_each_row_is_there_once(warehouse)


@pytest.mark.faults
@pytest.mark.parametrize(("beginning", "cut"), MOMENTS)
def test_a_connection_that_is_cut_once_is_not_noticed(
    warehouse: Warehouse, settings: Settings, proxy: Proxy, beginning: str, cut: Cut
) -> None:
    proxy.cut_once(beginning, cut, for_long=False)
    before = len(proxy.sent)
    ingest(warehouse, settings)
    tried = sum(statement.startswith(beginning) for statement in proxy.sent[before:])
    assert tried >= 2, "it was not cut at all"
    assert_each_row_is_there_once(warehouse)


REFUSALS = [
    (LOGIN, Refusal(390144, "JWT token is invalid"), InvalidSettings, "the key or token"),
    (LOGIN, Refusal(390100, "Incorrect username or password"), InvalidSettings, "FLOWGUARD_SNOWFLAKE_ACCOUNT, _USER"),
    (LOGIN, Refusal(390189, "Role 'FLOWGUARD' is not granted"), InvalidSettings, "_ROLE"),
    ("SELECT", Refusal(606, "No active warehouse selected"), InvalidSettings, "GRANT USAGE ON WAREHOUSE"),
    ("SELECT", Refusal(90073, "Resource monitor exceeded"), InvalidSettings, "FLOWGUARD_SNOWFLAKE_WAREHOUSE"),
    ("SELECT", Refusal(3001, "Insufficient privileges to operate on table"), InvalidSettings, "lacks a privilege"),
    ("SELECT", Refusal(2003, "Object does not exist or not authorized"), InvalidInput, "flowguard warehouse init"),
    ("SELECT", Refusal(1003, "SQL compilation error: syntax error"), InvalidInput, "syntax error"),
    ("SELECT", Refusal(625, "Statement was aborted: lock"), WarehouseBusy, "nothing was written"),
    ("SELECT", Refusal(604, "SQL execution canceled"), WarehouseUnavailable, "safe to try again"),
    ("SELECT", Refusal(390114, "Authentication token has expired"), WarehouseUnavailable, "logs in again"),
]


@pytest.mark.parametrize(("beginning", "refusal", "ours", "text"), REFUSALS)
def test_what_snowflake_refuses_says_what_to_do(
    warehouse: Warehouse,
    settings: Settings,
    proxy: Proxy,
    beginning: str,
    refusal: Refusal,
    ours: type[FlowGuardError],
    text: str,
) -> None:
    proxy.refuse(beginning, refusal)
    with closing(open_warehouse(settings, read_only=True)) as reader, pytest.raises(ours, match=text) as raised:
        reader.query("SELECT 1 AS one")
    assert refusal.message.split("'")[0] in str(raised.value)


def test_each_query_tells_its_run_and_its_asset(warehouse: Warehouse, proxy: Proxy) -> None:
    proxy.tags.clear()
    with of_run("the run"), warehouse.session() as writing, writing.transaction():
        writing.insert(DIRTY_DAYS, dirty(1))
        writing.rebuild(CLICKS_CLEANED, days(DAY, DAY))
        writing.query("SELECT 1 AS one")
    by_start = {statement.split("(")[0].split("WHERE")[0].strip(): tag for statement, tag in proxy.tags.items()}
    ours = {"application": "flowguard", "run_id": "the run"}
    assert json.loads(by_start["DELETE FROM silver.clicks_cleaned"]) == ours | {"asset": "silver.clicks_cleaned"}
    assert json.loads(by_start["INSERT INTO silver.clicks_cleaned"]) == ours | {"asset": "silver.clicks_cleaned"}
    [copied] = [json.loads(tag) for statement, tag in proxy.tags.items() if statement.startswith("COPY")]
    assert copied == ours | {"asset": "ops.dirty_days"}
    assert json.loads(by_start["SELECT 1 AS one"]) == ours


def test_an_expired_login_is_renewed(warehouse: Warehouse, proxy: Proxy) -> None:
    warehouse.query("SELECT 1 AS one")
    proxy.sent.clear()
    proxy.refuse("SELECT", Refusal(390114, "Authentication token has expired"), once=True)
    assert warehouse.query("SELECT 2 AS two").item() == 2
    assert proxy.sent.count(LOGIN) == 1
