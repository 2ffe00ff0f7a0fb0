"""Payloads as the worst of clients send them, from good events to noise, all out of one source of chance."""

import json
from datetime import datetime, timedelta
from random import Random

Json = dict[str, object]

TEXTS = (
    "ada", "", " ", "0", "x" * 256, "x" * 257, "x" * 1024, "x" * 1025, "a\0b", "\0", "\x01\x1f\x7f", '"}\n{"',
    "\\u0000", "\\", "é", "e\u0301", "\u2028\u2029", "\ufeff", "\ufffe\uffff", "🍜" * 64, "👩‍👩‍👧", "\u202eabc",
    "ß" * 256, "null", "[[[" * 40,
)  # fmt: skip
PRICES = (
    "13.50", 13.5, 12, "0.01", "999999999.99", "1000000000", "9999999999999999.99", "1e2", "1E+2", "0e200",
    "1e-2", "1e-3", 1e22, "12.340", "12.345", "12.34" + "0" * 60, "12.34" + "0" * 60 + "1", "9" * 400, "1e400",
    "1e99999999999999999999", "-1", "-0", 0, -5, "NaN", "sNaN", "Infinity", "", " 5", "1_0", "+5", ".5", "5.", "٣",
    "0x10", "dear", 10**400, 0.1 + 0.2,
)  # fmt: skip
TIMES = (
    "2026-11-21T10:00:00", "2026-11-21", "yesterday", "", "2026-11-21t10:00:00z", "2026-11-21 10:00:00Z",
    "2026-11-21T10:00:00.123456789Z", "2026-11-21T10:00:00.999999999+23:59", "2026-11-21T10:00:00-00:00",
    "2026-11-21T10:00:60Z", "2026-11-21T24:00:00Z", "2026-02-30T10:00:00Z", "2024-01-01T00:00:00Z",
    "2023-12-31T23:59:59.999999Z", "2024-01-01T01:00:00+01:00", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59.9999999Z", "10000-01-01T00:00:00Z", "1900-01-01T00:00:00Z",
    "2999-01-01T00:00:00Z",
)  # fmt: skip
OPTIONAL = ("session_id", "item_name", "category", "schema_version", "note", "events")
ODDITIES = (
    None, True, False, 0, 1, -1, 2, 1.0, 0.5, 2**31 - 1, 2**31, 2**63, 2**64, 10**30, 1e308, float("nan"),
    float("inf"), float("-inf"), [], {}, [None], [[]], {"": ""}, {"a": [1, {"b": "c"}]}, "\ud800", "\udfff\ud800",
)  # fmt: skip
SNIPPETS = (
    b"\0", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\\ud800", b"\\u0000",
    b"\\u", b"\\", b'"', b"{", b"}", b"[", b"]", b",", b":", b"\n", b"\r\n", b"\t", b" ", b"NaN", b"-Infinity",
    b"1e9", b"01", b"null", b"//", b'"events":[],', b'"event_type":"click",', b'"price":"-1",', b'"price":"5",',
    b'"user_id":"eve",', b'"event_id":7,', b'"schema_version":1,', b'"\xff":1,', b'"x":"\xff",', b'"x":"\\ud800",',
    "\u2028".encode(), b"\x85", b'"x":' + b"[" * 900 + b"]" * 900 + b",",
)  # fmt: skip
WHOLE = (
    b"", b" ", b"{}", b"[]", b"[[]]", b"null", b"true", b"7", b"-0", b"NaN", b'""', b'"event"', b"\0",
    b"\xff\xfe{\0}\0", b"\xef\xbb\xbf{}", b'{"events":[]}', b'{"events":[{}]}', b'{"events":[1],"events":[2]}',
    b'{"events":{}}', b"[" * 5000, b"[" * 5000 + b"]" * 5000, b'{"a":' * 2000, b"{" * 50, b'"' * 99, b"\\" * 99,
)  # fmt: skip


class Payloads:
    """Draws payloads. Times are around ``now`` (naive UTC), so that some are just before the future and some in it."""

    def __init__(self, chance: Random, now: datetime) -> None:
        self._chance = chance
        self._times = (
            *(_utc(now + timedelta(minutes=minutes)) for minutes in (-1440 * 400, -1440, -60, -1, 0, 5, 6)),
            _utc(now + timedelta(minutes=5, microseconds=1)),
        )
        self._number = 0

    def some(self, count: int) -> list[bytes]:
        """A list of payloads."""
        return [self.one() for _ in range(count)]

    def one(self) -> bytes:
        """Most are good events, or good events with a flaw or two."""
        kind = self._chance.randrange(20)
        if kind == 0:
            return self._chance.choice(WHOLE)
        if kind == 1:
            return self._chance.randbytes(self._chance.randrange(60))
        payload = self.written(self._flawed(self.event()) if kind < 12 else self.event())
        return self.damaged(payload) if kind < 6 else payload

    def event(self) -> Json:
        """An order, a refund, an impression or a click, as it should be."""
        self._number += 1
        event: Json = {
            "event_id": f"e{self._number}",
            "event_type": self._chance.choice(("order_placed", "order_refunded", "impression", "click")),
            "user_id": f"u{self._number % 7}",
            "item_id": "ramen",
            "event_timestamp": self._chance.choice(self._times[:5]),
        }
        if str(event["event_type"]).startswith("order"):
            event |= {"order_id": f"o{self._number}", "price": "13.50", "currency": "USD"}
        else:
            event |= {"page": "menu", "position": 3}
        return event

    def _flawed(self, event: Json) -> Json:
        """One or two fields changed, left out, or added."""
        for _ in range(self._chance.randrange(1, 3)):
            name = self._chance.choice(
                (*event, "session_id", "item_name", "category", "schema_version", "note", "events")
            )
            if self._chance.randrange(8) == 0:
                event.pop(name, None)
            else:
                event[name] = self._value(name)
        return event

    def _value(self, name: str) -> object:
        if self._chance.randrange(4) == 0:
            return self._chance.choice(ODDITIES)
        if name == "price":
            return self._chance.choice(PRICES)
        if name == "event_timestamp":
            return self._chance.choice((*TIMES, *self._times))
        if name in ("schema_version", "position"):
            return self._chance.choice((1, 0, 2, -1, "1", 2**31 - 1, 2**31, 2**64))
        if self._chance.randrange(20) == 0:
            return self._nested(self._chance.choice((1, 98, 99, 100, 101, 300)))
        return self._chance.choice(TEXTS)

    def _nested(self, depth: int) -> object:
        value: object = "deep"
        for _ in range(depth):
            value = [value] if self._chance.randrange(2) else {"in": value}
        return value

    def written(self, event: Json) -> bytes:
        """As JSON in one of its spellings; a lone surrogate stays an escape, or becomes the bytes that it must not."""
        ascii_only, spaced = self._chance.randrange(3) > 0, self._chance.randrange(3) == 0
        text = json.dumps(event, ensure_ascii=ascii_only, separators=None if spaced else (",", ":"))
        return text.encode("utf-8", "surrogatepass")

    def damaged(self, payload: bytes) -> bytes:
        """Bytes flipped, cut off, cut out, put in or repeated."""
        start = self._chance.randrange(len(payload))
        end = min(len(payload), start + self._chance.randrange(1, 30))
        match self._chance.randrange(6):
            case 0:
                return payload[:start] + bytes([self._chance.randrange(256)]) + payload[start + 1 :]
            case 1:
                return payload[:start]
            case 2:
                return payload[:start] + payload[end:]
            case 3:
                return payload[:end] + payload[start:]
            case 4:
                return b"{" + self._chance.choice(SNIPPETS) + payload[1:]
            case _:
                return payload[:start] + self._chance.choice(SNIPPETS) + payload[start:]


def _utc(instant: datetime) -> str:
    return instant.isoformat() + "Z"


def payload(seed: int, now: datetime) -> bytes:
    """The payload of a seed: so a list of seeds shrinks to those that matter."""
    return Payloads(Random(seed), now).one()
