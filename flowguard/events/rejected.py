"""What the gateway writes to the topic of refused events."""

from datetime import datetime

from msgspec import Struct

KEPT_BYTES = 65_536
"""Refused bytes are cut here; length and SHA-256 are those of the whole."""


class RejectedEvent(Struct, frozen=True, kw_only=True):
    """A refused event: its bytes (base64 in JSON), why, from whom, and when."""

    payload: bytes
    length: int
    sha256: str
    rule: str
    message: str
    field: str | None = None
    client: str | None = None
    received_at: datetime
