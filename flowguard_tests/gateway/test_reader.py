"""However many look, the tables are asked little, and nobody waits for ever."""

import asyncio
import threading

import duckdb
import polars as pl
import pytest

from flowguard.errors import WarehouseBusy
from flowguard.gateway import reader
from flowguard.gateway.reader import MOST_WAITING, SessionReader
from flowguard.settings import Settings


class SlowWarehouse:
    """Answers when it is let; counts how often it is opened and asked."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.opened = self.asked = 0
        self.failure: Exception | None = None

    def open(self, *_: object, read_only: bool) -> "SlowWarehouse":
        assert read_only
        self.opened += 1
        return self

    def query(self, sql: str) -> pl.DataFrame:
        self.asked += 1
        self.go_on.wait(30)
        if self.failure:
            raise self.failure
        return pl.DataFrame()

    def close(self) -> None: ...


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowWarehouse:
    warehouse = SlowWarehouse()
    monkeypatch.setattr(reader, "open_warehouse", warehouse.open)
    return warehouse


def test_many_tabs_of_a_session_cost_one_question(home: Settings, slow: SlowWarehouse) -> None:
    async def look() -> None:
        sessions = SessionReader(home)
        tabs = [asyncio.ensure_future(sessions.seen("s")) for _ in range(20)]
        await asyncio.sleep(0)
        slow.go_on.set()
        await asyncio.gather(*tabs)
        await sessions.seen("s")
        await sessions.close()

    asyncio.run(look())
    assert slow.asked == 1


def test_an_answer_is_not_kept_for_long(home: Settings, slow: SlowWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "KEPT_SECONDS", 0)
    slow.go_on.set()

    async def look() -> None:
        sessions = SessionReader(home)
        await sessions.seen("s")
        await sessions.seen("s")
        await sessions.close()

    asyncio.run(look())
    assert slow.asked == 2


def test_nobody_waits_longer_than_the_timeout(
    home: Settings, slow: SlowWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "TIMEOUT_SECONDS", 0.05)

    async def look() -> None:
        sessions = SessionReader(home)
        with pytest.raises(WarehouseBusy, match="did not answer"):
            await sessions.seen("s")
        slow.go_on.set()
        await sessions.close()

    asyncio.run(look())


def test_only_so_many_may_wait(home: Settings, slow: SlowWarehouse) -> None:
    async def look() -> None:
        sessions = SessionReader(home)
        waiting = [asyncio.ensure_future(sessions.seen(str(number))) for number in range(MOST_WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(WarehouseBusy, match="too many"):
            await sessions.seen("one more")
        slow.go_on.set()
        await asyncio.gather(*waiting)
        await sessions.close()

    asyncio.run(look())


def test_after_an_error_the_warehouse_is_opened_anew(
    home: Settings, slow: SlowWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "KEPT_SECONDS", 0)
    slow.go_on.set()
    slow.failure = duckdb.IOException("database is locked")

    async def look() -> None:
        sessions = SessionReader(home)
        with pytest.raises(WarehouseBusy, match="locked"):
            await sessions.seen("s")
        slow.failure = None
        await sessions.seen("s")
        await sessions.seen("s")
        await sessions.close()

    asyncio.run(look())
    assert slow.opened == 2
