"""While a request waits for Kafka, the gateway holds what it will say, and no longer what it was sent."""

import asyncio
import gc
import json
import tracemalloc
from collections.abc import Sequence

import pytest

from flowguard.events.rejected import KEPT_BYTES
from flowguard.gateway.app import create_app
from flowguard.gateway.ingest import Record
from flowguard.gateway.sink import Outcome
from flowguard.settings import Settings
from flowguard_tests.gateway.examples import encoded, order

REQUESTS = 50
SIZE = 500_000


class StalledSink:
    """Takes copies, as the Kafka client does, and counts them; stores nothing until it is told to."""

    pending = 0

    def __init__(self) -> None:
        self.taken = 0
        self.waiting: list[tuple[asyncio.Future[list[Outcome]], int]] = []

    async def open(self) -> None: ...

    async def check(self) -> None: ...

    async def close(self) -> None: ...

    def send(self, records: Sequence[Record]) -> "asyncio.Future[list[Outcome]]":
        self.taken += sum(len(record.value) for record in records)
        future: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        self.waiting.append((future, len(records)))
        return future


@pytest.mark.parametrize("price", [5, -5], ids=["accepted", "refused"])
def test_bodies_are_let_go(settings: Settings, price: int) -> None:
    sink = StalledSink()
    app = create_app(settings, sink)
    scope = {"type": "http", "method": "POST", "path": "/v1/events", "headers": [], "client": ("127.0.0.1", 1)}
    answers: list[bytes] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": encoded([order(price=price, note="x" * (SIZE // 2))] * 2)}

    async def send(message: dict[str, bytes]) -> None:
        answers.append(message.get("body", b""))

    async def requests() -> int:
        tasks = [asyncio.create_task(app(scope, receive, send)) for _ in range(REQUESTS)]
        while len(sink.waiting) < REQUESTS:
            await asyncio.sleep(0)
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
        for future, records in sink.waiting:
            future.set_result([Outcome.STORED] * records)
        await asyncio.gather(*tasks)
        return held

    tracemalloc.start()
    try:
        held = asyncio.run(requests())
    finally:
        tracemalloc.stop()
    assert sink.taken >= REQUESTS * (SIZE if price > 0 else KEPT_BYTES)
    assert held < REQUESTS * SIZE / 10
    told = [json.loads(body) for body in answers if body]
    assert [answer["accepted"] for answer in told] == [2 if price > 0 else 0] * REQUESTS
