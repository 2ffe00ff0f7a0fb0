"""How a record is known again: by its bytes and by when it arrived."""

import hashlib
from datetime import datetime
from typing import NamedTuple


class Fingerprint(NamedTuple):
    """When a record arrived (naive UTC), and the digest of its bytes."""

    arrived_at: datetime
    digest: str


def digest(value: bytes | None) -> str:
    """What is recorded of the last record of a range, to know it again."""
    return hashlib.sha256(value or b"").hexdigest()
