"""The bytes of each event in a body: one event, an array of events, or ``{"events": […]}``."""

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from flowguard.events.contract import UNDECODABLE


class _Batch(msgspec.Struct):
    events: list[msgspec.Raw]
    event_type: Any = None


_read_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
_read_batch = msgspec.json.Decoder(_Batch).decode
# Only where a value ends matters: numbers stay text, however long they are.
_read_value = json.JSONDecoder(parse_int=str, parse_float=str).raw_decode
_SPACE = re.compile(r"[ \t\r\n]*")


class TooManyEvents(Exception):
    """A request holds more events than it may."""


def split(body: bytes, most: int = sys.maxsize) -> list[bytes]:
    """The bytes of each event, in order.

    Raises:
        TooManyEvents: there are more than ``most``.
        UNDECODABLE: the body is an array or a batch, and broken.
    """
    is_array = body.lstrip(b" \t\r\n")[:1] == b"["
    mentions = body.count(b'"events"')
    if not is_array and not mentions:
        return [body]
    try:
        if is_array or mentions == 1:
            return _quickly(body, is_array, most)
    except msgspec.ValidationError:
        return [body]  # an event of its own, with a field of that name
    except UNDECODABLE:
        pass  # because of one of the events, maybe
    return _carefully(body, is_array, most)


def _quickly(body: bytes, is_array: bool, most: int) -> list[bytes]:
    if is_array:
        events = _read_array(body)
    else:
        batch = _read_batch(body)
        if batch.event_type is not None:
            return [body]
        events = batch.events
    if len(events) > most:
        raise TooManyEvents
    return list(map(bytes, events))


def _carefully(body: bytes, is_array: bool, most: int) -> list[bytes]:
    walk = _Walk(body, most)
    try:
        events = walk.array() if is_array else walk.batch()
        walk.end()
    except json.JSONDecodeError as error:
        raise msgspec.DecodeError(str(error)) from None
    return [body] if events is None else events


class _Walk:
    """Goes through a body that is JSON, except that events may hold NaN or half of a surrogate pair.

    Those make an event unreadable, but not the ones around it. And here a repeated key is seen: the quick decoder
    keeps only the last, and the events under the first would vanish without a word.
    """

    def __init__(self, body: bytes, most: int) -> None:
        self._body = body
        self._most = most
        self._text = body.decode("latin-1")  # any bytes are text then, and each stays in its place
        self._at = 0

    def array(self) -> list[bytes]:
        """The bytes of each element."""
        pieces: list[bytes] = []
        for _ in self._members("[", "]"):
            if len(pieces) == self._most:
                raise TooManyEvents
            pieces.append(self._piece())
        return pieces

    def batch(self) -> list[bytes] | None:
        """The bytes of each event; None if this is an event of its own."""
        events, is_event = None, False
        for _ in self._members("{", "}"):
            name = self._name()
            if name != "events" or not self._sees("["):
                value = self._value()
                is_event |= name == "event_type" and value is not None
            elif events is None:
                events = self.array()
            else:
                raise self._error('the key "events" is there more than once')
        return None if is_event else events

    def end(self) -> None:
        """Nothing may follow."""
        self._skip_space()
        if self._at < len(self._text):
            raise self._error("more than one value")

    def _members(self, opening: str, closing: str) -> Iterator[None]:
        """Stop in front of each member of an array or an object."""
        self._take(opening)
        between = False
        while not self._sees(closing):
            if between:
                self._take(",")
            between = True
            yield
        self._take(closing)

    def _piece(self) -> bytes:
        self._skip_space()
        start = self._at
        self._value()
        return self._body[start : self._at]

    def _name(self) -> object:
        if not self._sees('"'):
            raise self._error("a name is expected")
        name = self._value()
        self._take(":")
        return name

    def _value(self) -> object:
        self._skip_space()
        value, self._at = _read_value(self._text, self._at)
        return value

    def _take(self, mark: str) -> None:
        if not self._sees(mark):
            raise self._error(f"{mark} is expected")
        self._at += 1

    def _sees(self, mark: str) -> bool:
        self._skip_space()
        return self._text.startswith(mark, self._at)

    def _skip_space(self) -> None:
        space = _SPACE.match(self._text, self._at)
        self._at = space.end() if space else self._at

    def _error(self, what: str) -> json.JSONDecodeError:
        return json.JSONDecodeError(what, self._text, self._at)
