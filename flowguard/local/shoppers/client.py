"""A client of the gateway as a shop would write it: batches, and patience while something is away."""

import math
import time
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple

import msgspec

from flowguard.errors import BrokerUnavailable, InvalidInput
from flowguard.settings import Settings

PATH = "/v1/events"
PATIENCE_SECONDS = 60.0
FOREVER = math.inf
_LONGEST_WAIT = 5.0
_TIMEOUT_SECONDS = 30.0
_SETTLED = ("accepted", "refused")
_COME_AGAIN = (429, 503, 504)


class Entry(msgspec.Struct):
    """What the gateway says of one event: accepted, refused (with the rule), not_stored or unknown."""

    status: str
    rule: str | None = None
    field: str | None = None
    message: str | None = None


class _Answer(msgspec.Struct):
    events: list[Entry]
    message: str | None = None


class _Response(NamedTuple):
    status: int
    retry_after: float
    answer: _Answer


_read_answer = msgspec.json.Decoder(_Answer).decode


class GatewayClient:
    """One connection, for one thread.

    Args:
        patience: seconds to go on trying while the gateway or Kafka is away.
    """

    def __init__(self, settings: Settings, patience: float = PATIENCE_SECONDS) -> None:
        self._host, self._port = settings.gateway_host, settings.gateway_port
        self._connection = HTTPConnection(self._host, self._port, timeout=_TIMEOUT_SECONDS)
        self._headers = {"Content-Type": "application/json"}
        if settings.gateway_api_keys:
            self._headers["X-API-Key"] = settings.gateway_api_keys[0].get_secret_value()
        self._patience = patience
        self.perhaps_twice = 0
        """Events sent again although they may have been stored: at most so many repeats more than meant."""

    def send(self, events: Sequence[bytes]) -> list[Entry]:
        """Send events, each one JSON text, in one request; the entries come in their order.

        What is not stored is sent again, the same bytes, until all are accepted or refused.

        Raises:
            BrokerUnavailable: the gateway, or Kafka behind it, was away for too long.
            InvalidInput: the gateway does not take the request.
        """
        deadline = time.monotonic() + self._patience
        entries: dict[int, Entry] = {}
        while open_ones := [index for index in range(len(events)) if index not in entries]:
            wait, trouble = self._attempt(events, open_ones, entries)
            if trouble is None:
                continue
            if time.monotonic() + wait > deadline:
                raise BrokerUnavailable(f"the gateway at http://{self._host}:{self._port}: {trouble}")
            time.sleep(wait)
        return [entries[index] for index in range(len(events))]

    def close(self) -> None:
        self._connection.close()

    def _attempt(
        self, events: Sequence[bytes], open_ones: list[int], entries: dict[int, Entry]
    ) -> tuple[float, str | None]:
        """Send what is open, enter what is settled; seconds to wait, and why, if something is left."""
        try:
            response = self._post([events[index] for index in open_ones])
        except ConnectionRefusedError:
            return 0.5, "nobody listens there; start it with `flowguard up`"
        except (OSError, HTTPException) as error:
            self._connection.close()
            self.perhaps_twice += len(open_ones)
            return 0.5, f"no answer ({error!r})"
        told = response.answer.events
        if len(told) != len(open_ones):
            return self._declined(response)
        entries |= {index: entry for index, entry in zip(open_ones, told, strict=True) if entry.status in _SETTLED}
        self.perhaps_twice += sum(entry.status == "unknown" for entry in told)
        return (response.retry_after, f"{response.status}") if response.status in _COME_AGAIN else (0.0, None)

    def _post(self, events: list[bytes]) -> _Response:
        # An event that is not JSON would spoil an array.
        body = events[0] if len(events) == 1 else b"[" + b",".join(events) + b"]"
        self._connection.request("POST", PATH, body, self._headers)
        response = self._connection.getresponse()
        content = response.read()
        retry_after = min(float(response.headers.get("Retry-After", 1)), _LONGEST_WAIT)
        try:
            return _Response(response.status, retry_after, _read_answer(content))
        except msgspec.MsgspecError:
            return _Response(response.status, retry_after, _Answer([], content[:200].decode(errors="replace")))

    def _declined(self, response: _Response) -> tuple[float, str]:
        trouble = f"{response.status} {response.answer.message or ''}"
        if response.status not in _COME_AGAIN:
            raise InvalidInput(f"the gateway at http://{self._host}:{self._port} does not take this: {trouble}")
        return response.retry_after, trouble
