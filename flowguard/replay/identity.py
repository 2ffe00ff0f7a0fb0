"""An event_id for rows without one: a hash of the row, so that replaying it twice changes nothing."""

from hashlib import sha256

import msgspec

_read_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def with_event_id(payload: bytes) -> bytes:
    """The same event with a hash of these bytes as its event_id; all other fields keep their exact text."""
    fields: dict[str, object] = {"event_id": sha256(payload.strip()).hexdigest()[:32]}
    fields |= {name: value for name, value in _read_fields(payload).items() if name != "event_id"}
    return msgspec.json.encode(fields)
