"""Lines on their way into Kafka."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from flowguard.events.contract import UNDECODABLE, Refusal
from flowguard.gateway.ingest import LARGEST_EVENT
from flowguard.kafka.sender import Record, Sender
from flowguard.replay.batch import Batch
from flowguard.replay.files import read_files
from flowguard.replay.judge import LineJudge
from flowguard.settings import Settings

_CLICK = re.compile(rb'"event_type"\s*:\s*"(?:click|impression)"')


class RefusedLine(NamedTuple):
    """A line that was not sent, and why."""

    file: Path
    line: int
    refusal: Refusal

    def __str__(self) -> str:
        field = f" ({self.refusal.field})" if self.refusal.field else ""
        return f"{self.file}:{self.line}: {self.refusal.rule}{field}: {self.refusal.message}"


@dataclass
class Replayed:
    """How many records went to each topic, and how many lines were refused, by rule."""

    sent: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def replay(
    files: Sequence[Path],
    settings: Settings,
    *,
    raw: bool = False,
    on_refused: Callable[[RefusedLine], None],
    progress: Callable[[int], None],
) -> Replayed:
    """Send the events of files; returns when Kafka has acknowledged all.

    Lines that break the contract or a rule are told to ``on_refused`` and not sent, unless ``raw``: then every line
    goes as it is, and ingestion judges. ``progress`` is told of bytes. Memory holds a batch and what is on its way.

    Raises:
        InvalidInput: a file cannot be read.
        BrokerUnavailable: Kafka did not take the records.
    """
    replayed = Replayed()
    sort = _as_they_are if raw else _judged
    with Sender(settings) as sender:
        for batch in read_files(files, raw=raw):
            records: defaultdict[str, list[Record]] = defaultdict(list)
            for refused in sort(batch, settings, records):
                replayed.refused[refused.refusal.rule] += 1
                on_refused(refused)
            for topic, chosen in records.items():
                sender.send(topic, chosen)
                replayed.sent[topic] += len(chosen)
            progress(batch.size)
    return replayed


def _judged(batch: Batch, settings: Settings, records: defaultdict[str, list[Record]]) -> Iterator[RefusedLine]:
    """Sort the good lines of a batch by topic; yields the others."""
    judge = LineJudge(settings, datetime.now(UTC))
    for line, refusal in batch.unreadable:
        yield RefusedLine(batch.file, line, refusal)
    for line, payload in zip(batch.lines, batch.payloads, strict=True):
        verdict = judge.line(payload)
        if isinstance(verdict, Refusal):
            yield RefusedLine(batch.file, line, verdict)
        else:
            topic, record = verdict
            records[topic].append(record)


class _Named(msgspec.Struct):
    event_type: str | None = None
    user_id: str | None = None


_read_named = msgspec.json.Decoder(_Named).decode


def _as_they_are(batch: Batch, settings: Settings, records: defaultdict[str, list[Record]]) -> Iterator[RefusedLine]:
    """Sort all lines by topic, by what they look like; yields those that no broker takes."""
    for line, payload in zip(batch.lines, batch.payloads, strict=True):
        if len(payload) > LARGEST_EVENT:
            refusal = Refusal("too_long", f"the line is larger than {LARGEST_EVENT} bytes")
            yield RefusedLine(batch.file, line, refusal)
            continue
        topic = settings.clicks_topic if _CLICK.search(payload) else settings.orders_topic
        records[topic].append(Record(_key(payload), payload))


def _key(payload: bytes) -> bytes | None:
    try:
        user_id = _read_named(payload).user_id
    except UNDECODABLE:
        return None
    return user_id.encode(errors="replace") if user_id else None
