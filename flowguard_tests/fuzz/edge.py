"""The gateway's ASGI application, called without a socket, over a sink that keeps what it is given.

What a server makes of broken HTTP, and what Kafka makes of a record, it does not show: `gateway/` has tests of those.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from flowguard.gateway.app import create_app
from flowguard.gateway.ingest import Record
from flowguard.gateway.sink import Outcome
from flowguard.settings import Settings

Headers = Sequence[tuple[bytes, bytes]]


class MemorySink:
    """Stores everything at once."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.pending = 0

    async def open(self) -> None: ...

    async def check(self) -> None: ...

    async def close(self) -> None: ...

    def send(self, records: Sequence[Record]) -> "asyncio.Future[list[Outcome]]":
        self.records += records
        stored: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        stored.set_result([Outcome.STORED] * len(records))
        return stored


class Response(NamedTuple):
    """An answer, and the records that were stored for it."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes
    records: list[Record]


class Edge:
    """``with Edge(settings) as edge: edge.call(…)``."""

    def __init__(self, **settings: Any) -> None:
        self.settings = Settings(home=Path("nowhere"), **settings)
        self._sink = MemorySink()
        self._app = create_app(self.settings, self._sink)
        self._runner = asyncio.Runner()

    def __enter__(self) -> "Edge":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.close()

    def call(self, *chunks: bytes, headers: Headers = (), method: str = "POST", path: str = "/v1/events") -> Response:
        """Send a body in these chunks."""
        return self._runner.run(self._call(chunks, headers, method, path))

    async def _call(self, chunks: Sequence[bytes], headers: Headers, method: str, path: str) -> Response:
        last = len(chunks) - 1
        incoming = [
            {"type": "http.request", "body": chunk, "more_body": number < last} for number, chunk in enumerate(chunks)
        ]
        outgoing: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return incoming.pop(0) if incoming else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            outgoing.append(message)

        self._sink.records = []
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode("utf-8", "surrogatepass"),
            "query_string": b"",
            "root_path": "",
            "headers": list(headers),
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        await self._app(scope, receive, send)
        start, *rest = outgoing
        return Response(
            start["status"],
            dict(start["headers"]),
            b"".join(message.get("body", b"") for message in rest),
            self._sink.records,
        )
