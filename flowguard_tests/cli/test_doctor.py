"""``flowguard doctor``: what is wrong is said with what to do, and a loss is accepted by a person only."""

import json
from contextlib import closing
from datetime import timedelta

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner

from flowguard.cli.main import app
from flowguard.settings import Settings, as_environment
from flowguard.warehouse import open_warehouse
from flowguard_tests.conftest import Produce
from flowguard_tests.rounds.flow import contents, opened, order, rolled, traffic


@pytest.fixture
def quick(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    quick = settings.model_copy(update={"quiet_time": timedelta(milliseconds=200)})
    for name, value in as_environment(quick).items():
        monkeypatch.setenv(name, value)
    return quick


def flowguard(*words: str, answer: str = "") -> tuple[int, str]:
    done = CliRunner().invoke(app, words, input=answer, env={"COLUMNS": "200"})
    return done.exit_code, done.output


def expire(settings: Settings, before: int) -> None:
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers})
    for answer in admin.delete_records([TopicPartition(settings.orders_topic, 0, before)]).values():
        answer.result()


def lose_some(settings: Settings, produce: Produce) -> None:
    """3 records are taken, 5 come, 3 of which expire before they are taken."""
    produce(settings.orders_topic, map(order, range(3)), partition=0)
    with opened(settings) as warehouse:
        rolled(settings, warehouse)
        contents(settings, warehouse)
    produce(settings.orders_topic, map(order, range(3, 8)), partition=0)
    expire(settings, before=6)


def test_a_home_without_tables_is_told(quick: Settings) -> None:
    code, printed = flowguard("doctor")
    assert code == 1
    assert "there is no warehouse" in printed


def test_all_is_well_and_what_is_refused_is_a_notice(quick: Settings, produce: Produce) -> None:
    traffic(quick, produce, 20)
    with opened(quick) as warehouse:
        rolled(quick, warehouse)
        contents(quick, warehouse)
    code, printed = flowguard("doctor")
    assert code == 0, printed
    assert "error" not in printed
    for what in ("disk", "kafka", "exactly_once", "balanced", "quarantine"):
        assert what in printed
    assert "open entries: " in printed
    assert "flowguard quarantine list" in printed


def test_a_gap_is_named_with_what_to_do(quick: Settings, produce: Produce) -> None:
    lose_some(quick, produce)
    code, printed = flowguard("doctor")
    assert code == 1
    assert f"RecordsExpired  topic {quick.orders_topic}, partition 0: offsets 3 to 5 are missing" in printed
    assert f"flowguard doctor accept-gap {quick.orders_topic} --reason" in printed


def test_a_loss_is_accepted_only_after_a_yes_and_with_a_reason(quick: Settings, produce: Produce) -> None:
    lose_some(quick, produce)
    accept = ("doctor", "accept-gap", quick.orders_topic)
    assert flowguard(*accept)[0] == 2
    code, printed = flowguard(*accept, "--reason", " ")
    assert (code, "--reason is empty" in printed) == (1, True)
    code, printed = flowguard(*accept, "--reason", "disk lost", answer="n\n")
    assert code == 1
    assert "3 to 5" in printed
    assert recorded(quick) == []
    code, printed = flowguard(*accept, "--reason", "disk lost", answer="y\n")
    assert code == 0, printed
    assert recorded(quick) == [(3, 6, "disk lost", "flowguard doctor accept-gap")]
    code, printed = flowguard(*accept, "--reason", "again", "--yes")
    assert (code, "has no gap" in printed) == (1, True)


def recorded(settings: Settings) -> list[tuple[object, ...]]:
    with closing(open_warehouse(settings, read_only=True)) as warehouse:
        return warehouse.query(
            "SELECT start_offset, end_offset, reason, run_id FROM ops.ingest_ranges WHERE kind = 'accepted_gap'"
        ).rows()


def test_the_ledger_shows_the_loss_for_ever_and_verifies(quick: Settings, produce: Produce) -> None:
    lose_some(quick, produce)
    code, printed = flowguard("ledger", "--verify", "--format", "json")
    assert code == 1
    assert "offsets 3 to 5 are missing" in printed
    flowguard("doctor", "accept-gap", quick.orders_topic, "--reason", "disk lost", "--yes")
    with opened(quick) as warehouse:
        rolled(quick, warehouse)
        contents(quick, warehouse)
    code, printed = flowguard("ledger", "--verify", "--format", "json")
    assert code == 0, printed
    rows, _ = json.JSONDecoder().raw_decode(printed)
    (row,) = (row for row in rows if (row["topic"], row["partition"]) == (quick.orders_topic, 0))
    assert (row["offsets"], row["bronze_rows"], row["lost"], row["ingested"]) == (8, 5, 3, "0 to 8")
    code, printed = flowguard("ledger", "--format", "csv")
    assert code == 0
    assert ",8,5,0,0,3,5,0,0,true" in printed


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("DELETE FROM bronze.orders_raw WHERE order_id = 'o1'", "1 of 21 offsets are not accounted for"),
        ("INSERT INTO bronze.orders_raw SELECT * FROM bronze.orders_raw WHERE order_id = 'o1'", "there twice"),
        ("DELETE FROM ops.ingest_ranges WHERE start_offset = 0", "records without a range|instead of 0"),
        ("UPDATE ops.ingest_ranges SET end_offset = end_offset + 1 WHERE start_offset = 0", "not accounted for"),
        ("UPDATE gold.flow_ledger SET silver_rows = silver_rows + 1", "in GOLD, not in the tables"),
        ("DELETE FROM silver.orders_cleaned WHERE order_id = 'o1'", "does not balance"),
    ],
)
def test_verify_finds_any_damage(quick: Settings, produce: Produce, damage: str, problem: str) -> None:
    produce(quick.orders_topic, [*map(order, range(20)), b"junk"], partition=0)
    with opened(quick) as warehouse:
        rolled(quick, warehouse)
        contents(quick, warehouse)
        assert flowguard("ledger", "--verify")[0] == 0
        with warehouse.session() as session, session.transaction():
            session.execute(damage)
    code, printed = flowguard("ledger", "--verify")
    assert code == 1
    assert any(part in printed for part in problem.split("|")), printed
