"""What years and currencies history files are of, before a home is made for them."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from flowguard.events.contract import UNDECODABLE
from flowguard.events.model import Instant
from flowguard.events.rules import naive_utc
from flowguard.replay.files import read_files

EPOCH = date(1970, 1, 1)


class Survey(NamedTuple):
    """``first_day``: the earliest day (UTC) of an event, None without one; later than 1970-01-01, which, like 1900,
    is what clocks say that were never set. ``currencies``: how many orders name which."""

    first_day: date | None
    currencies: Counter[str]


class _Glance(msgspec.Struct):
    event_timestamp: Instant
    currency: str | None = None


_glance = msgspec.json.Decoder(_Glance).decode


def survey(files: Sequence[Path], progress: Callable[[int], None] = lambda size: None) -> Survey:
    """Look through files; lines that cannot be read are passed over. ``progress`` is told of bytes.

    Raises:
        InvalidInput: a file cannot be read at all.
    """
    first, currencies, now = datetime.max, Counter[str](), datetime.now(UTC)
    for batch in read_files(files):
        for payload in batch.payloads:
            try:
                event = _glance(payload)
            except UNDECODABLE:
                continue
            if event.currency:
                currencies[event.currency] += 1
            if event.event_timestamp <= now:
                time = naive_utc(event.event_timestamp)
                if EPOCH < time.date() < first.date():
                    first = time
        progress(batch.size)
    return Survey(None if first == datetime.max else first.date(), currencies)
