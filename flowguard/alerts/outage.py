"""When alerts cannot be looked after, for instance because the warehouse cannot be read: people are told that, too.

There is no place to write down that they were: this is best effort, one attempt when it begins and one when it is over.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Self
from uuid import uuid4

import msgspec

from flowguard.alerts.message import Message, instant
from flowguard.alerts.receivers import Receiver

_TELL_AFTER = 2
"""Failures in a row: one may be over in seconds."""


class Outage(msgspec.Struct, frozen=True):
    """How often in a row it failed, and the id under which people were told, if they were."""

    failures: int = 0
    id: str | None = None

    @classmethod
    def read(cls, text: str | None) -> Self:
        """From what `text` gave."""
        return msgspec.json.decode(text, type=cls) if text else cls()

    @property
    def text(self) -> str:
        """To be kept until the next attempt."""
        return msgspec.json.encode(self).decode()

    def failed(self, error: Exception, receivers: Iterable[Receiver]) -> "Outage":
        """It failed once more."""
        if self.id or self.failures + 1 < _TELL_AFTER:
            return Outage(self.failures + 1, self.id)
        told = Outage(self.failures + 1, uuid4().hex[:12])
        since = instant(datetime.now(UTC))
        why = f"{type(error).__name__}: {error}\n\n- Since: {since}\n\nWhat to do: `flowguard doctor`"
        told._send("alerts cannot be looked after", why, "failure", receivers)
        return told

    def over(self, receivers: Iterable[Receiver]) -> "Outage":
        """It works."""
        if self.id:
            self._send("Over: alerts cannot be looked after", "They are looked after again.", "success", receivers)
        return Outage()

    def _send(self, title: str, body: str, type: str, receivers: Iterable[Receiver]) -> None:
        for receiver in receivers:
            receiver.send(Message(f"FlowGuard: {title}", f"{body}\n\nId: {self.id}", type))
