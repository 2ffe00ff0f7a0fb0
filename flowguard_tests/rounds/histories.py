"""Random histories of events, cut into rounds: small pools of ids, so that everything collides."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from flowguard.kafka.ranges import OffsetRange
from flowguard.kafka.reader import Block
from flowguard.rounds.chunk import Chunk, prepare
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse

NOON = datetime(2026, 11, 20, 12)
WINDOW = timedelta(days=7)
INSTANTS = (
    NOON,
    NOON + timedelta(microseconds=1),
    NOON + timedelta(minutes=29),
    NOON - timedelta(minutes=11),
    NOON - WINDOW,
    NOON - WINDOW - timedelta(microseconds=1),
    NOON - 2 * WINDOW,
    datetime(2026, 11, 20),
    datetime(2026, 11, 19, 23, 59, 59, 999999),
    datetime(2026, 11, 1),
    datetime(2026, 10, 31, 23, 59, 59, 999999),
)


@dataclass(frozen=True)
class Sent:
    """A record: its topic and partition, when it arrived after the partition's last, and its bytes."""

    topic: str
    partition: int
    lag_ms: int
    value: bytes


def _event(draw: st.DrawFn, kind: str) -> bytes:
    event = {
        "event_type": kind,
        "event_id": f"e{draw(st.integers(0, 5))}",
        "user_id": f"u{draw(st.integers(0, 2))}",
        "item_id": f"i{draw(st.integers(0, 2))}",
        "item_name": f"name {draw(st.integers(0, 2))}",
        "category": f"category {draw(st.integers(0, 1))}",
        "session_id": draw(st.sampled_from([None, "s0", "s1"])),
        "event_timestamp": draw(st.sampled_from(INSTANTS)).isoformat() + "Z",
    }
    if kind.startswith("order"):
        event["order_id"] = f"o{draw(st.integers(0, 3))}"
        event["price"] = draw(st.sampled_from(["0.01", "9.99", "10.00", "-1", "3.333"]))
    return json.dumps(event).encode()


@st.composite
def records(draw: st.DrawFn) -> Sent:
    kind = draw(st.sampled_from(["order_placed"] * 4 + ["order_refunded"] * 2 + ["impression", "click", "junk"]))
    topic = "orders.v1" if kind.startswith("order") else "clicks.v1"
    value = b"junk" if kind == "junk" else _event(draw, kind)
    return Sent(topic, draw(st.integers(0, 1)), draw(st.sampled_from([0, 0, 1, 1000, 14 * 3_600_000])), value)


rounds = st.lists(st.lists(records(), min_size=1, max_size=8), min_size=1, max_size=6)


class Feeder:
    """Turns rounds of records, which begin to arrive at an instant, into chunks, as the broker and the reader would."""

    def __init__(
        self, settings: Settings, warehouse: Warehouse, *, since: datetime = datetime(2026, 11, 20, 18)
    ) -> None:
        self._settings, self._warehouse = settings, warehouse
        self._next: dict[tuple[str, int], int] = defaultdict(int)
        self._clock: dict[tuple[str, int], int] = defaultdict(lambda: _ms(since))

    def follow(self, settings: Settings) -> None:
        """Decode what comes next by other settings."""
        self._settings = settings

    def chunk(self, sent: Sequence[Sent]) -> Chunk:
        arrived: dict[tuple[str, int, date], list[tuple[int, int, bytes]]] = defaultdict(list)
        for record in sent:
            place = (record.topic, record.partition)
            self._clock[place] += record.lag_ms
            at = self._clock[place]
            day = datetime.fromtimestamp(at / 1000, UTC).date()
            arrived[(*place, day)].append((self._next[place], at, record.value))
            self._next[place] += 1
        blocks = [_block(*place, rows) for place, rows in arrived.items()]
        return prepare([block.range for block in blocks], blocks, self._warehouse, self._settings, "run")


def _block(topic: str, partition: int, day: date, rows: list[tuple[int, int, bytes]]) -> Block:
    offsets, times, values = map(list, zip(*rows, strict=True))
    planned = OffsetRange(topic, 1, partition, offsets[0], offsets[-1] + 1, day, None, None)
    return Block(planned, values, offsets, times)


def _ms(instant: datetime) -> int:
    return int(instant.replace(tzinfo=UTC).timestamp() * 1000)
