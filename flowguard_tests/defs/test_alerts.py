"""The alerts sensor on a real instance, warehouse and broker, with a real receiver: one message each, and one after."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import polars as pl
import pytest
from confluent_kafka.admin import AdminClient
from pydantic import SecretStr

from flowguard.alerts import delivery, rules
from flowguard.defs import alerts, failed_runs
from flowguard.defs.resources import Home
from flowguard.models.frame import frame
from flowguard.models.ops import CHECK_FAILURES
from flowguard.rounds.chunk import now
from flowguard.rounds.lease import ALERTS, rolling_lease
from flowguard.settings import Settings
from flowguard_tests.alerts.inbox import Inbox
from flowguard_tests.conftest import Produce
from flowguard_tests.defs.conftest import Send
from flowguard_tests.rounds.flow import rolled
from flowguard_tests.waiting import wait_until

NO_OVERRIDE = (None, None, None)
TODAY = datetime.now(UTC).date()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for: what begins is told in the same tick, and what is gone is over in the next but one."""
    monkeypatch.setattr(delivery, "GATHERS", timedelta(0))
    monkeypatch.setattr(rules, "SETTLES", timedelta(0))
    monkeypatch.setattr(failed_runs, "_SHOWN_FOR", timedelta(0))


@pytest.fixture
def quick(quick: Settings, box: Inbox) -> Settings:
    return quick.model_copy(update={"alert_urls": (SecretStr(box.url),), "freshness_limit": timedelta(0)})


@pytest.fixture
def ticking(definitions: dg.Definitions, instance: dg.DagsterInstance, home: Home) -> Iterator[Any]:
    repository, cursor = definitions.get_repository_def(), [""]

    def tick() -> str:
        context = dg.build_sensor_context(
            instance=instance, repository_def=repository, resources={"home": home}, cursor=cursor[0]
        )
        ticked = repository.get_sensor_def(alerts.NAME).evaluate_tick(context)
        cursor[0] = ticked.cursor or ""
        return str(ticked.skip_message)

    yield tick


def fails(home: Home, *failures: tuple[str, str, Any, str]) -> None:
    """As if checks had just been evaluated: table, check, day and severity of those that fail."""
    rows = [
        (
            table,
            check,
            day,
            severity,
            2,
            "must hold",
            '[{"order_id": "o-1"}]',
            "SELECT 1",
            now(),
            now(),
            "r-1",
            *NO_OVERRIDE,
        )
        for table, check, day, severity in failures
    ]
    with home.warehouse.session() as session, session.transaction():
        session.execute(f"DELETE FROM {CHECK_FAILURES.full_name}")
        session.insert(CHECK_FAILURES, frame(CHECK_FAILURES, rows))


def test_everything_that_can_be_wrong_is_told_once_and_once_when_it_is_over(
    ticking: Any, instance: dg.DagsterInstance, home: Home, quick: Settings, send: Send, box: Inbox, produce: Produce
) -> None:
    assert ticking() == "0 alerts are open, 0 messages were due"
    send(3)
    late = [("silver.orders_cleaned", "rows_valid", TODAY - timedelta(days=number), "ERROR") for number in range(30)]
    fails(home, *late, ("silver.orders_cleaned", "keys_unique", TODAY, "ERROR"))
    for _ in range(3):
        ticking()
    assert sorted(box.titles) == [
        f"records wait in Kafka: {quick.orders_topic}, {quick.clicks_topic}",
        "silver.orders_cleaned, 30 days: checks keys_unique and rows_valid fail",
    ]
    message = next(m["message"] for m in box.messages if "checks" in m["title"])
    page = f"http://127.0.0.1:{quick.webserver_port}"
    for part in (
        "GOLD is held back: ",
        "rows_valid: 60 failing rows. Must hold: must hold",
        f"- Partitions: {TODAY}, {TODAY - timedelta(days=1)}, ",
        " and 20 more",
        "- Owner: team:data-platform",
        "| check | order_id |",
        f"- Check keys_unique: {page}/assets/silver/orders_cleaned?view=checks&checkDetail=keys_unique",
        f"- Asset: {page}/assets/silver/orders_cleaned?view=partitions&partition={TODAY}",
        f"- Run: {page}/runs/r-1",
        "What to do: ",
    ):
        assert part in message
    rolled(quick, home.warehouse)
    fails(home)
    for _ in range(3):
        ticking()
    assert len(box.messages) == 4 and len(set(box.ids)) == 2
    assert "Over: silver.orders_cleaned, 30 days: checks keys_unique and rows_valid fail" in box.titles


def test_a_quarantine_that_fills_names_what_to_do(ticking: Any, home: Home, box: Inbox) -> None:
    fails(home, ("ops.quarantine", "quarantine_share", TODAY, "WARN"))
    ticking()
    [message] = box.messages
    assert message["type"] == "warning"
    assert home.warehouse.query("SELECT kind FROM ops.alerts").item() == "quarantine"
    assert "What to do: `flowguard quarantine list --by-day`" in message["message"]


def test_a_gap_is_one_alert_and_its_consequences_are_none(
    ticking: Any, instance: dg.DagsterInstance, home: Home, quick: Settings, send: Send, box: Inbox
) -> None:
    send(3)
    rolled(quick, home.warehouse)
    admin = AdminClient({"bootstrap.servers": quick.kafka_bootstrap_servers})
    admin.delete_topics([quick.orders_topic])[quick.orders_topic].result()
    wait_until(lambda: quick.orders_topic not in admin.list_topics(timeout=5).topics)
    for _ in range(2):
        ticking()
    assert box.titles == ["ingestion cannot go on: TopicMissing"]
    assert "flowguard doctor" in box.messages[0]["message"]


def test_kafka_that_is_away_ends_no_alert_and_is_one(
    ticking: Any, home: Home, quick: Settings, box: Inbox, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(1)
    ticking()
    monkeypatch.setattr("flowguard.kafka.config.REQUEST_TIMEOUT", 0.3)
    away = Home(quick.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:9"}))
    monkeypatch.setattr(home, "_broker", away.broker)
    for _ in range(3):
        ticking()
    away.close()
    assert [title.partition(":")[0] for title in box.titles] == ["records wait in Kafka", "Kafka does not answer"]


def test_a_warehouse_that_cannot_be_read_is_told_of_all_the_same(
    ticking: Any, home: Home, box: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(home.warehouse, "query", lambda sql: pl.DataFrame().item())
        for _ in range(4):
            assert ticking().startswith("failed: ")
    ticking()
    assert box.titles == ["alerts cannot be looked after", "Over: alerts cannot be looked after"]
    assert len(set(box.ids)) == 1


def test_an_earlier_tick_that_still_sends_is_left_alone(ticking: Any, home: Home, box: Inbox, quick: Settings) -> None:
    fails(home, ("ops.quarantine", "quarantine_share", TODAY, "WARN"))
    with rolling_lease(quick, ALERTS):
        assert "is held by another process" in ticking()
    assert box.messages == []
