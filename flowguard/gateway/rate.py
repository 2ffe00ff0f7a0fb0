"""Events a second and client."""

from collections import OrderedDict

CLIENTS_REMEMBERED = 10_000


class RateLimit:
    """Lets a client in while it owes nothing: each event costs 1/rate seconds, and a second may be saved up."""

    def __init__(self, events_per_second: int) -> None:
        self._cost = 1 / events_per_second if events_per_second else 0.0
        self._paid_until: OrderedDict[str, float] = OrderedDict()

    def wait(self, client: str, now: float) -> float:
        """Seconds until the client may send; 0: now."""
        return max(0.0, self._paid_until.get(client, now) - now)

    def charge(self, client: str, events: int, now: float) -> None:
        """Count events of a client that was let in. A batch may run into debt."""
        if not self._cost:
            return
        self._paid_until[client] = max(self._paid_until.get(client, 0.0), now - 1) + events * self._cost
        self._paid_until.move_to_end(client)
        if len(self._paid_until) > CLIENTS_REMEMBERED:
            self._paid_until.popitem(last=False)
