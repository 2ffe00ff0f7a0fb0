"""A client that keeps many connections busy, each with one request at a time."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

EVENT_ID = str(uuid4())
"""As long as any."""


async def requests_per_second(port: int, requests: int, connections: int) -> float:
    """Send ``requests`` single orders to ``/v1/events`` and return the rate; every answer has to be 200."""
    loop = asyncio.get_running_loop()
    numbers = iter(range(requests))
    clients = [_Connection(numbers, loop.create_future()) for _ in range(connections)]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
    started = time.perf_counter()
    for client in clients:
        client.send_next()
    await asyncio.gather(*(client.done for client in clients))
    return requests / (time.perf_counter() - started)


class _Connection(asyncio.Protocol):
    def __init__(self, numbers: Iterator[int], done: "asyncio.Future[None]") -> None:
        self._numbers = numbers
        self.done = done
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send_next(self) -> None:
        number = next(self._numbers, None)
        if number is None:
            self._transport.close()
        else:
            self._transport.write(_REQUESTS[number % len(_REQUESTS)])

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._answer.startswith(b"HTTP/1.1 200 "):
            self.done.set_exception(RuntimeError(self._answer.decode(errors="replace")))
        elif self._answer.endswith(b"}"):  # nothing but the end of the JSON body is one
            self._answer = b""
            self.send_next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


def _request() -> bytes:
    minute_ago = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    body = (
        f'{{"event_id":"{uuid4()}","event_type":"order_placed","order_id":"{uuid4()}","user_id":"{uuid4()}",'
        f'"session_id":"{uuid4()}","item_id":"ramen","item_name":"Shoyu Ramen","category":"noodles","price":"13.50",'
        f'"currency":"USD","event_timestamp":"{minute_ago}","schema_version":1}}'
    ).encode()
    head = (
        "POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


_REQUESTS = [_request() for _ in range(1_000)]
