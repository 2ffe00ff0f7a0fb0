"""Clients that do what they are told: what is not stored, or unknown, they send again with the same event_id."""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count

import httpx

from flowguard_tests.gateway.examples import Json, click, encoded, order

EVENTS_A_REQUEST = 8
PAUSE_SECONDS = 0.05
"""Between an answer that something is not stored and the next try: Retry-After would make tests long."""


class Clients:
    """Several clients side by side, and what they were told, by event_id."""

    def __init__(self, gateway: httpx.Client) -> None:
        self.accepted: set[str] = set()
        self.refused: set[str] = set()
        self.unknown: Counter[str] = Counter()
        """How often it was unknown whether an event was stored, so that it may be there as often as that once more."""
        self.statuses: Counter[int] = Counter()
        self.without_retry_after = 0
        self._gateway = gateway
        self._stop = threading.Event()

    @contextmanager
    def sending(self, clients: int = 6) -> Iterator[None]:
        """Send while the block runs. When it is left, each client ends as soon as all that it sent was settled."""
        threads = [threading.Thread(target=self._send_on, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(60)
        assert not any(thread.is_alive() for thread in threads), "a client is still being told to send again"

    def _send_on(self, client: int) -> None:
        for number in count():
            if self._stop.is_set():
                return
            self._settle({str(event["event_id"]): event for event in _events(f"{client}-{number}")})

    def _settle(self, unsettled: dict[str, Json]) -> None:
        while unsettled:
            answer = self._gateway.post("/v1/events", content=encoded([*unsettled.values()]))
            self.statuses[answer.status_code] += 1
            self.without_retry_after += answer.status_code >= 500 and not answer.headers.get("Retry-After")
            for entry in answer.json()["events"]:
                self._note(entry["event_id"], entry["status"], unsettled)
            if unsettled:
                time.sleep(PAUSE_SECONDS)

    def _note(self, event_id: str, status: str, unsettled: dict[str, Json]) -> None:
        if status == "unknown":
            self.unknown[event_id] += 1
        elif status in ("accepted", "refused"):
            (self.accepted if status == "accepted" else self.refused).add(event_id)
            del unsettled[event_id]

    def find_all(self, stored: Iterable[str], settled: set[str]) -> None:
        """Each settled event is stored: once, or at most once more for each time that it was unknown."""
        times = Counter(stored)
        missing = settled - times.keys()
        assert not missing, f"{len(missing)} of {len(settled)} that were acknowledged are not in Kafka"
        assert times.keys() == settled
        too_often = {event_id: found for event_id, found in times.items() if found > 1 + self.unknown[event_id]}
        assert not too_often, f"stored again although they were told to be not stored: {too_often}"


def _events(prefix: str) -> Iterator[Json]:
    """Orders, clicks, and one that is refused."""
    for index in range(EVENTS_A_REQUEST - 1):
        yield (order if index % 2 else click)(event_id=f"{prefix}-{index}")
    yield order(event_id=f"{prefix}-refused", price=-1)
