"""The same events give the same GOLD on DuckLake and on Snowflake, bytes for bytes, and questions the same answers."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

import pytest
from pydantic import SecretStr

from flowguard.alerts import history
from flowguard.alerts.receivers import receivers
from flowguard.alerts.rules import begun
from flowguard.checks.registry import CHECKS
from flowguard.kafka.broker import Broker
from flowguard.local.demo.catch_up import catch_up
from flowguard.local.demo.compare import compare
from flowguard.local.fakesnow import login
from flowguard.local.platform import Platform
from flowguard.local.ports import free_port, on_free_ports
from flowguard.local.shoppers import Account, Plan
from flowguard.local.shoppers import history as history_of
from flowguard.local.shoppers.sending import deliver
from flowguard.models.registry import MODELS
from flowguard.report.daily import compose, publish
from flowguard.rounds import failures, gold
from flowguard.rounds.evaluation import evaluate
from flowguard.rounds.verification import verify
from flowguard.settings import Settings, load_settings
from flowguard.warehouse import Warehouse
from flowguard_tests.alerts.examples import NOON, failing
from flowguard_tests.conftest import producing, with_new_topics
from flowguard_tests.require import require
from flowguard_tests.rounds.flow import late_clicks, opened, rolled, traffic
from flowguard_tests.warehouse.fakesnow import with_tables_of

DAY = date(2026, 11, 5)


class Home(NamedTuple):
    settings: Settings
    warehouse: Warehouse


@pytest.fixture(scope="module")
def homes(kafka: str, on_snowflake: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Home]]:
    """One on DuckLake and one on Snowflake, after the same offsets."""
    quick = {"quiet_time": timedelta(milliseconds=200), "chunk_records": 130}
    embedded = with_new_topics(kafka, tmp_path_factory.mktemp("ducklake")).model_copy(update=quick)
    traffic(embedded, producing(kafka), 120)
    late_clicks(embedded, producing(kafka), 120)
    with ExitStack() as stack:
        both = [
            Home(settings, stack.enter_context(opened(settings)))
            for settings in (embedded, with_tables_of(embedded, on_snowflake))
        ]
        for settings, warehouse in both:
            rolled(settings, warehouse)
            gold.refresh(warehouse, settings)
        yield both[0], both[1]


def gold_as_csv(warehouse: Warehouse) -> dict[str, str]:
    """Every computed table of GOLD, its rows ordered by their keys. No column of them says when it was computed."""
    return {
        model.full_name: warehouse.query(
            f"SELECT {', '.join(model.column_names)} FROM {model.full_name} ORDER BY {', '.join(model.keys)}"
        ).write_csv()
        for model in MODELS
        if model.schema == "gold"
    }


def test_gold_is_the_same_bytes(homes: tuple[Home, Home]) -> None:
    ducklake, snowflake = (gold_as_csv(home.warehouse) for home in homes)
    assert snowflake == ducklake
    assert all(text.count("\n") > 1 for text in ducklake.values())


def test_both_are_verified(homes: tuple[Home, Home]) -> None:
    for settings, warehouse in homes:
        with closing(Broker(settings)) as broker:
            assert verify(warehouse, broker).good


def test_the_report_on_a_day_says_the_same(homes: tuple[Home, Home]) -> None:
    reports = [compose(home.warehouse, home.settings, DAY) for home in homes]
    assert reports[1].markdown == reports[0].markdown
    settings, snowflake = homes[1]
    assert publish(snowflake, settings, reports[1]).html.is_file()
    assert snowflake.query("SELECT date, markdown FROM gold.daily_report").rows() == [(DAY, reports[1].markdown)]


def test_alerts_are_written_down_and_found(homes: tuple[Home, Home]) -> None:
    settings, snowflake = homes[1]
    told = receivers(settings.model_copy(update={"alert_urls": (SecretStr("json://127.0.0.1"),)}))
    alert = begun(failing(), NOON, settings.owner)
    history.write(snowflake, [alert], (), told)
    [delivery] = history.recent(snowflake, NOON)[1]
    history.record(snowflake, replace(delivery, attempts=delivery.attempts + 1))
    assert history.find(snowflake, alert.id) == alert
    assert history.recent(snowflake, NOON) == ([alert], [replace(delivery, attempts=delivery.attempts + 1)])


def examples_of(failure: failures.Failure) -> list[dict[str, object]]:
    """The failing rows that are shown, in one order; numbers by their value, for a sum has another type elsewhere."""
    rows = [{name: number(value) for name, value in row.items()} for row in json.loads(failure.examples)]
    return sorted(rows, key=str)


def number(value: object) -> object:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return value


@pytest.fixture
def broken(homes: tuple[Home, Home]) -> tuple[Home, Home]:
    """An order and a click are missing in SILVER."""
    for _, warehouse in homes:
        with warehouse.session() as session, session.transaction():
            session.execute("DELETE FROM silver.orders_cleaned WHERE order_id = 'o4'")
            session.execute("DELETE FROM silver.clicks_cleaned WHERE event_id = 'e4'")
    return homes


def test_every_check_finds_the_same(broken: tuple[Home, Home]) -> None:
    days = {DAY - timedelta(days=back) for back in range(5)}
    kept = []
    for _, warehouse in broken:
        outcomes = [evaluate(warehouse, check, days) for check in CHECKS]
        found = failures.record(warehouse, outcomes, "run")
        assert failures.open_failures(warehouse) == found
        kept.append([(failure.name, failure.rows, examples_of(failure)) for failure in found])
    assert kept[1] == kept[0]
    assert len(kept[0]) > 3


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_the_whole_platform_on_snowflake_gives_the_gold_of_ducklake(tmp_path: Path) -> None:
    """Shoppers, gateway, broker, Dagster; and then a home on DuckLake reads the same topics."""
    for component in ("embedded-broker", "fakesnow", "snowflake"):
        require(component)
    tables = login(tmp_path / "fakesnow", free_port())
    settings = on_free_ports(load_settings(tmp_path / "home", **tables))
    plan = Plan(20261123, 400, 2, datetime.now(UTC).replace(microsecond=0), settings.currency)
    embedded = settings.model_copy(
        update={"home": tmp_path / "ducklake", "warehouse": "ducklake", "quiet_time": timedelta(milliseconds=200)}
        | {"attributed_topic": "attributed.of.ducklake"}
    )
    with Platform(settings, own_snowflake=True) as platform, opened(embedded) as ducklake:
        platform.start()
        account = Account()
        assert not deliver(account.watch(history_of(plan)), settings, lambda _: None).surprises
        with opened(settings) as snowflake:
            for _ in catch_up(settings, snowflake, platform.check):
                pass
            assert all(comparison.equal for comparison in compare(account, snowflake, settings))
            with closing(Broker(embedded)) as broker:
                broker.ensure_topics()
            rolled(embedded, ducklake)
            gold.refresh(ducklake, embedded)
            assert gold_as_csv(snowflake) == gold_as_csv(ducklake)
