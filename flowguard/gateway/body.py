"""Reading a request's body without ever holding more than is allowed."""

from collections.abc import Iterable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect


async def read_body(headers: Iterable[tuple[bytes, bytes]], receive: Any, limit: int) -> bytes:
    """The body.

    Raises:
        HTTPException: 413, as soon as it is known to be larger than ``limit`` bytes; 400: its length is no number.
        ClientDisconnect: the client went away.
    """
    for name, value in headers:
        if name == b"content-length" and _announced(value) > limit:
            raise _too_large(limit)
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body") and len(message["body"]) <= limit:
        return bytes(message["body"])
    parts, size = [], 0
    while message["type"] == "http.request":
        parts.append(message["body"])
        size += len(message["body"])
        if size > limit:
            raise _too_large(limit)
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()
    raise ClientDisconnect


def _announced(value: bytes) -> int:
    try:
        return int(value)
    except ValueError:
        raise HTTPException(400, "Content-Length is not a number") from None


def _too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"the body is larger than {limit} bytes", {"Connection": "close"})
