"""Where accepted events go, as the gateway sees it."""

from asyncio import Future
from collections.abc import Sequence
from enum import Enum
from typing import Protocol

from flowguard.gateway.ingest import Record


class Outcome(Enum):
    """What became of a record."""

    STORED = "stored"
    NOT_STORED = "not_stored"
    UNKNOWN = "unknown"
    """It may or may not be stored: sending it again is safe, because its event_id tells a repeat."""


class Sink(Protocol):
    """Stores records. Everything happens in the event loop that opened it."""

    async def open(self) -> None:
        """Begin; does not wait for the broker."""

    def send(self, records: Sequence[Record]) -> "Future[list[Outcome]]":
        """Store records; the outcomes come in their order, each within the timeout.

        Raises:
            BrokerUnavailable: nothing was taken, because nothing more can be held or the broker never answered.
        """

    async def check(self) -> None:
        """Ask the broker whether it can store.

        Raises:
            FlowGuardError: it cannot, and why.
        """

    @property
    def pending(self) -> int:
        """Records whose outcome is not known yet."""

    async def close(self) -> None:
        """Wait for what is pending, then let go."""
