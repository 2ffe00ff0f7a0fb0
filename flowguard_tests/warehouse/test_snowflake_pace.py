"""A virtual warehouse costs money while it is awake: who waits for news does not ask it."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from flowguard.defs import sensors
from flowguard.defs.everything import everything
from flowguard.defs.resources import Home
from flowguard.models.ops import DIRTY_DAYS
from flowguard.models.registry import TABLES
from flowguard.rounds import gold
from flowguard.settings import Settings, as_environment, load_settings
from flowguard.warehouse import open_warehouse
from flowguard.warehouse.snowflake.recall import Recall
from flowguard_tests.conftest import Produce
from flowguard_tests.rounds.flow import rolled
from flowguard_tests.warehouse.proxy import Proxy, proxy_to
from flowguard_tests.warehouse.samples import dirty

TICKS = 3


@pytest.fixture
def proxy(on_fakesnow: Settings) -> Iterator[Proxy]:
    assert on_fakesnow.snowflake_endpoint
    with proxy_to(on_fakesnow.snowflake_endpoint) as between:
        yield between


@pytest.fixture
def shop(settings: Settings, on_fakesnow: Settings, proxy: Proxy) -> Iterator[Settings]:
    """Topics of their own, with the tables behind the proxy, which are emptied at the end."""
    names = [name for name in Settings.model_fields if name.startswith("snowflake_")]
    where = {name: getattr(on_fakesnow, name) for name in names} | {"snowflake_endpoint": proxy.endpoint}
    quick = {"quiet_time": timedelta(0), "longest_life": timedelta(seconds=1), "round_interval": timedelta(0)}
    yield settings.model_copy(update={"warehouse": "snowflake", **where, **quick})
    with closing(open_warehouse(on_fakesnow)) as opened, opened.session() as session, session.transaction():
        for table in TABLES:
            session.execute(f"DELETE FROM {table.full_name}")


def test_an_idle_platform_sends_no_query(
    shop: Settings, proxy: Proxy, produce: Produce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensors, "TICK_SECONDS", 0.3)
    event = {"event_type": "order_placed", "user_id": "u", "item_id": "i", "price": "9.90", "order_id": "o"}
    event |= {"event_id": "e", "event_timestamp": datetime.now(UTC).isoformat()}
    produce(shop.orders_topic, [json.dumps(event).encode()])
    repository = everything(shop).get_repository_def()
    with closing(Home(shop)) as home, dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        cursors: dict[str, str | None] = {}

        def tick() -> dict[str, str | None]:
            told = {}
            for sensor in repository.sensor_defs:
                context = dg.build_sensor_context(
                    instance=instance,
                    repository_def=repository,
                    resources={"home": home},
                    cursor=cursors.get(sensor.name),
                )
                result = sensor.evaluate_tick(context)
                assert not result.run_requests
                cursors[sensor.name], told[sensor.name] = result.cursor, result.skip_message
            return told

        rolled(shop, home.warehouse)
        gold.refresh(home.warehouse, shop)
        tick()
        tick()
        proxy.sent.clear()
        for _ in range(TICKS):
            told = tick()
        assert proxy.sent == []
        assert told["ingestion_sensor"] == "nothing new in Kafka"
        assert told["gold_sensor"] == "GOLD is up to date"
        assert told["publishing_sensor"] == "nothing to publish"
        assert told["alerts_sensor"] == "0 alerts are open, 0 messages were due"


def test_what_another_process_writes_is_seen(on_fakesnow: Settings) -> None:
    count = f"SELECT COUNT(*) FROM {DIRTY_DAYS.full_name}"
    with closing(open_warehouse(on_fakesnow)) as reader, closing(open_warehouse(on_fakesnow)) as writer:
        assert reader.query(count).item() == 0
        with writer.session() as session, session.transaction():
            session.insert(DIRTY_DAYS, dirty(1))
        assert reader.query(count).item() == 1
        with writer.session() as session, session.transaction():
            session.execute(f"DELETE FROM {DIRTY_DAYS.full_name}")
        assert reader.query(count).item() == 0


def test_nothing_is_remembered_while_something_may_be_written(tmp_path: Path) -> None:
    recall, answer = Recall(tmp_path / "written"), dirty(1)

    def known() -> bool:
        recall.remember("SELECT", answer, recall.now())
        return recall.answer("SELECT", recall.now()) is not None

    assert not known(), "nobody has written yet"
    with recall.writing():
        assert not known()
    assert recall.answer("SELECT", recall.now()) is None
    assert known()
    with pytest.raises(RuntimeError), Recall(tmp_path / "written").writing():  # as another process does
        raise RuntimeError("whether it was committed is not known")
    assert not known()


def test_an_answer_that_was_overtaken_by_a_write_is_not_remembered(tmp_path: Path) -> None:
    recall = Recall(tmp_path / "written")
    with recall.writing():
        pass
    asked_at = recall.now()
    with recall.writing():
        pass
    recall.remember("SELECT", dirty(1), asked_at)
    assert recall.answer("SELECT", recall.now()) is None


def test_the_pace_of_snowflake_is_a_default_of_its_own(tmp_path: Path) -> None:
    slow = load_settings(tmp_path, warehouse="snowflake", gold_interval=timedelta(seconds=10))
    assert (slow.round_interval, slow.chunk_records) == (timedelta(minutes=1), 50_000)
    assert slow.gold_interval == timedelta(seconds=10)
    assert as_environment(slow)["FLOWGUARD_GOLD_INTERVAL"] == "PT10S"
    assert load_settings(tmp_path).round_interval < timedelta(seconds=1)
