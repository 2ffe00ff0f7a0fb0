"""The embedded broker is killed: its next start begins a new generation by itself, and says so."""

import shutil
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from confluent_kafka import Producer

from flowguard.errors import OffsetGap
from flowguard.kafka.broker import Broker
from flowguard.local import broker as embedded
from flowguard.local.broker_process import BrokerProcess
from flowguard.local.platform import Platform
from flowguard.local.ports import free_port, on_free_ports
from flowguard.local.unclean import RunningMark, go_on_after_unclean_stop
from flowguard.settings import Settings, load_settings
from flowguard_tests.require import require
from flowguard_tests.rounds.flow import contents, opened, order, rolled
from flowguard_tests.warehouse.fakesnow import with_tables_of


def produce(settings: Settings, first: int, end: int) -> None:
    producer = Producer({"bootstrap.servers": settings.kafka_bootstrap_servers, "acks": "all"})
    for number in range(first, end):
        producer.produce(settings.orders_topic, order(number), partition=0)
    assert producer.flush(30) == 0


@pytest.fixture(params=["ducklake", pytest.param("snowflake", marks=pytest.mark.faults)])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A new one, whose broker does not run yet."""
    require("embedded-broker")
    settings = load_settings(
        tmp_path / "home",
        kafka_bootstrap_servers=f"127.0.0.1:{free_port()}",
        start_date=date(2024, 1, 1),
        quiet_time=timedelta(milliseconds=200),
    )
    if request.param == "ducklake":
        return settings
    return with_tables_of(settings, request.getfixturevalue("on_snowflake"))


def test_what_a_killed_broker_forgot_stays_in_the_tables_and_new_records_are_taken(
    home: Settings, tmp_path: Path
) -> None:
    settings, port = home, int(home.kafka_bootstrap_servers.rpartition(":")[2])
    data = settings.home / "broker"
    said: list[str] = []
    with BrokerProcess(embedded.command(data, port), data, port) as server, opened(settings) as warehouse:
        with closing(Broker(settings)) as broker:
            broker.ensure_topics()
        produce(settings, 0, 20)
        rolled(settings, warehouse)
        server.stop()
        shutil.copytree(data, tmp_path / "a second ago")
        server.start()
        produce(settings, 20, 40)
        rolled(settings, warehouse)
        server.kill()
        # When it forgets is a matter of luck: what it would then find is what it had a second ago.
        shutil.rmtree(data)
        shutil.copytree(tmp_path / "a second ago", data)
        server.start()
        with pytest.raises(OffsetGap):
            rolled(settings, warehouse)
        go_on_after_unclean_stop(settings, said.append)
        (told,) = said
        assert f"forgot its last records of {settings.orders_topic}: its generation 2 begins" in told
        produce(settings, 40, 70)
        rolled(settings, warehouse)
        tables = contents(settings, warehouse)
        assert sorted(tables["silver.orders_cleaned"]["order_id"]) == sorted(f"o{number}" for number in range(70))
        assert tables["gold.flow_ledger"]["balanced"].all()
        go_on_after_unclean_stop(settings, said.append)
        assert len(said) == 1


@pytest.mark.faults
def test_the_mark_of_a_running_broker_goes_with_an_orderly_stop_only(tmp_path: Path) -> None:
    require("embedded-broker")
    settings = on_free_ports(load_settings(tmp_path / "home"))
    mark = settings.home / "broker" / "running"
    with Platform(settings) as platform:
        platform.start()
        assert mark.exists()
    assert not mark.exists()
    assert not RunningMark(settings).left_behind()
    assert RunningMark(settings).left_behind()
    with Platform(settings):
        pass
    assert mark.exists()
