"""Whether anything was sent to a broker at all: what separates "not stored" from "unknown" after a timeout.

The client library reports both as the same timeout, but its statistics count the produce requests that it sent.
"""

import math

import msgspec


class _Broker(msgspec.Struct):
    req: dict[str, int]


class _Statistics(msgspec.Struct):
    brokers: dict[str, _Broker]


_read = msgspec.json.Decoder(_Statistics).decode


class SentRequests:
    """The latest moment at which a produce request may have left, from statistics that come now and then."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._latest = -math.inf

    def report(self, statistics: str, now: float) -> None:
        """Take the library's statistics (JSON); ``now`` is in seconds, monotonic."""
        counts = {name: broker.req.get("Produce", 0) for name, broker in _read(statistics).brokers.items()}
        grown = any(count > self._counts.get(name, 0) for name, count in counts.items())
        forgotten = self._counts.keys() - counts.keys()  # a broker that is dropped takes its count with it
        if grown or forgotten:
            self._latest = now
        self._counts = counts

    def since(self, moment: float) -> bool:
        """Whether anything may have been sent after a moment, as of the last report."""
        return self._latest > moment
