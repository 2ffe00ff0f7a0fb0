"""Steady traffic through the gateway, by a client that remembers what it was told of each event."""

import json
import threading
import time
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from random import Random

from flowguard.settings import Settings

BATCH = 10
PAUSE = 0.2
"""Seconds between two batches: about 50 events a second."""
_TIMEOUT = 15.0
_SETTLED = ("accepted", "refused")


class Traffic(threading.Thread):
    """Sends batches until `finish`; what is not confirmed is sent again, the same event, until it is.

    ``once``: ids that the gateway accepted when they were first sent. ``again``: accepted ids that may be stored twice,
    because an answer was lost or said that nobody knows. ``refused``: ids of events that break a rule, as meant.
    """

    def __init__(self, settings: Settings, seed: int) -> None:
        super().__init__(name="traffic", daemon=True)
        self.once: set[str] = set()
        self.again: set[str] = set()
        self.refused: set[str] = set()
        self.surprises: list[str] = []
        self._settings = settings
        self._random = Random(seed)
        self._ended = threading.Event()
        self._number = 0

    def run(self) -> None:
        while not self._ended.wait(PAUSE):
            self._deliver([self._event() for _ in range(BATCH)])

    def finish(self) -> None:
        """End once all that was sent is confirmed."""
        self._ended.set()
        self.join()

    def _event(self) -> dict[str, object]:
        self._number += 1
        name = f"chaos-{self._number}"
        kind = self._random.choice(["click", "impression", "order_placed"])
        event: dict[str, object] = {
            "event_id": name,
            "event_type": kind,
            "user_id": f"u{self._random.randrange(50)}",
            "item_id": f"i{self._random.randrange(20)}",
            "event_timestamp": datetime.now(UTC).isoformat(),
        }
        if kind == "order_placed":
            price = "-1" if self._random.random() < 0.05 else f"{self._random.randrange(100, 3000) / 100:.2f}"
            event |= {"order_id": f"order of {name}", "price": price}
        return event

    def _deliver(self, events: list[dict[str, object]]) -> None:
        """Send a batch until each event of it is accepted or refused."""
        doubtful: set[str] = set()
        while events:
            answered = self._post(events)
            if answered is None:
                doubtful |= {str(event["event_id"]) for event in events}
                time.sleep(PAUSE)
                continue
            left = []
            for event, (status, rule) in zip(events, answered, strict=True):
                name = str(event["event_id"])
                if status not in _SETTLED:
                    left.append(event)
                    doubtful |= {name} if status == "unknown" else set()
                elif (status == "refused") != (event.get("price") == "-1"):
                    self.surprises.append(f"{event}: {status} {rule}")
                elif status == "refused":
                    self.refused.add(name)
                else:
                    (self.again if name in doubtful else self.once).add(name)
            if left:
                time.sleep(PAUSE)
            events = left

    def _post(self, events: list[dict[str, object]]) -> list[tuple[str, str | None]] | None:
        """Status and rule of each event; None where no answer came."""
        connection = HTTPConnection(self._settings.gateway_host, self._settings.gateway_port, timeout=_TIMEOUT)
        try:
            connection.request("POST", "/v1/events", json.dumps(events), {"Content-Type": "application/json"})
            answer = json.loads(connection.getresponse().read())
        except ConnectionRefusedError:
            return [("not_stored", None)] * len(events)
        except (OSError, HTTPException, ValueError):
            return None
        finally:
            connection.close()
        entries = answer.get("events") or [{"status": "not_stored"}] * len(events)
        return [(entry["status"], entry.get("rule")) for entry in entries]
