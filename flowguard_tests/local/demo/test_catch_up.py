"""The demo waits for every record, and for GOLD."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime

import pytest

from flowguard.errors import PlatformFailed
from flowguard.kafka.broker import Broker
from flowguard.local.demo import catch_up
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse, open_warehouse


@pytest.fixture
def warehouse(settings: Settings) -> Iterator[Warehouse]:
    with closing(open_warehouse(settings)) as warehouse:
        yield warehouse


def change(warehouse: Warehouse, sql: str) -> None:
    with warehouse.session() as session, session.transaction():
        session.execute(sql)


def ingested(topic: str, end: int) -> str:
    at = datetime(2024, 5, 3)
    return (
        f"INSERT INTO ops.ingest_ranges BY NAME SELECT '{topic}' AS topic, 1 AS generation, 0 AS partition, "
        f"0 AS start_offset, {end} AS end_offset, 'records' AS kind, DATE '2024-05-03' AS arrival_date, "
        f"{end} AS bronze_rows, 0 AS quarantined, 0 AS skipped, 'r' AS run_id, TIMESTAMP '{at}' AS committed_at"
    )


def test_done_when_all_is_ingested_and_gold_is_clean(
    settings: Settings, warehouse: Warehouse, produce: Callable[..., None]
) -> None:
    topic = settings.orders_topic
    with closing(Broker(settings)) as broker:
        assert catch_up.look(broker, warehouse).done
        produce(topic, [b"a", b"b", b"c"], partition=0)
        assert catch_up.look(broker, warehouse) == (3, 0, 0)
        change(warehouse, ingested(topic, 2))
        assert catch_up.look(broker, warehouse) == (3, 2, 0)
        change(warehouse, f"UPDATE ops.ingest_ranges SET end_offset = 3 WHERE topic = '{topic}'")
        change(warehouse, "INSERT INTO ops.dirty_days VALUES ('silver.orders_cleaned', DATE '2024-05-03', 1)")
        assert catch_up.look(broker, warehouse) == (3, 3, 1)
        assert not catch_up.look(broker, warehouse).done
        change(warehouse, "DELETE FROM ops.dirty_days")
        assert catch_up.look(broker, warehouse).done


def test_a_part_that_fails_ends_the_wait(
    settings: Settings, warehouse: Warehouse, produce: Callable[..., None]
) -> None:
    produce(settings.orders_topic, [b"a"])
    failures = iter([None, PlatformFailed("the daemon ended")])

    def check() -> None:
        if failure := next(failures):
            raise failure

    with pytest.raises(PlatformFailed, match="daemon"):
        list(catch_up.catch_up(settings, warehouse, check))


def test_a_standstill_ends_the_wait(
    settings: Settings, warehouse: Warehouse, produce: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    produce(settings.orders_topic, [b"a", b"b"])
    monkeypatch.setattr(catch_up, "STUCK_SECONDS", 0.2)
    with pytest.raises(PlatformFailed, match="2 records not ingested"):
        list(catch_up.catch_up(settings, warehouse, lambda: None))
