"""The ceiling of `benchmarks.gateway`: the same answer, without a look at the body and without Kafka."""

from typing import Any

from benchmarks._load import EVENT_ID
from flowguard.gateway.answer import Answer, Entry, encode

_CONTENT = encode(Answer(1, 0, [Entry(EVENT_ID, "accepted")]))
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(_CONTENT)).encode())]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """The smallest ASGI application."""
    if scope["type"] == "http":
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": _CONTENT})
