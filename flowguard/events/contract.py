"""Reading one event by the contract: the event, or the refusal that names the rule."""

import re
from itertools import accumulate
from typing import Any

import msgspec

from flowguard.events.model import ClickEvent, Event, OrderEvent


class Refusal(msgspec.Struct, frozen=True):
    """Why a record is not taken: the rule's name, the field where there is one, a sentence for people."""

    rule: str
    message: str
    field: str | None = None


DEEPEST = 100
"""How deeply an event may be nested. Without a limit of our own, the caller's stack would be part of the verdict."""
_LONGEST_MESSAGE = 500

read_event = msgspec.json.Decoder(Event).decode
"""Decode any event; raises one of `UNDECODABLE`, see `explain`."""
read_order = msgspec.json.Decoder(OrderEvent).decode
read_click = msgspec.json.Decoder(ClickEvent).decode

_TEXT_OF_MSGSPEC = (
    # The first match wins: (what msgspec says, rule).
    (r"Object missing required field", "missing_field"),
    (r"at `\$\.schema_version`", "schema_version"),
    (r"(Invalid value|Invalid enum value|Expected `str`).*at `\$\.event_type`", "event_type"),
    (r"got `null`", "missing_field"),
    (r"of length >= 1\b", "empty_value"),
    (r"of length <= ", "too_long"),
    (r"with a timezone component", "time_without_zone"),
    (r"Invalid RFC3339", "invalid_time"),
)
_FIELD = re.compile(r"at `\$\.(\w+)`|required field `(\w+)`")


UNDECODABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What the decoders and `check_bytes` raise."""

_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def check_bytes(raw: bytes) -> None:
    """Look where the decoders do not: into the values of fields that the contract does not know.

    Raises:
        UNDECODABLE: something there is not UTF-8, or nested too deeply.
    """
    raw.isascii() or raw.decode()
    if raw.count(b"[") + raw.count(b"{") > DEEPEST and _depth(raw) > DEEPEST:
        raise msgspec.DecodeError(f"nested deeper than {DEEPEST} levels")


def _depth(raw: bytes) -> int:
    brackets = _TEXT.sub(b"", raw).translate(None, _NO_BRACKET)
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0)


def explain(error: Exception) -> Refusal:
    """The refusal that a decoding error stands for."""
    text = str(error)
    if not isinstance(error, msgspec.ValidationError):
        return Refusal("unreadable", fit(f"not readable as JSON: {text}"))
    rule = next((rule for pattern, rule in _TEXT_OF_MSGSPEC if re.search(pattern, text)), "wrong_type")
    found = _FIELD.search(text)
    return Refusal(rule, fit(re.sub(r" - at `\$.*`$", "", text)), (found[1] or found[2]) if found else None)


def fit(message: str) -> str:
    """A message that fits into a column: it may quote an event, which may be long and hold a NUL."""
    text = message.replace("\0", r"\0")
    return text if len(text) <= _LONGEST_MESSAGE else text[: _LONGEST_MESSAGE - 1] + "…"


def control_character(event: Any) -> Refusal | None:
    """The refusal of an event with a NUL in one of its texts, which no warehouse stores."""
    for name in event.__struct_fields__:
        value = getattr(event, name)
        if isinstance(value, str) and "\0" in value:
            return Refusal("control_character", "a text contains a NUL character", name)
    return None
