import json
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from flowguard.kafka.broker import Broker
from flowguard.kafka.reader import RangeReader
from flowguard.replay import RefusedLine, Replayed, replay
from flowguard.settings import Settings


@dataclass
class Run:
    """What a replay did, what it refused, and what the topics then hold."""

    replayed: Replayed
    refused: list[RefusedLine]
    orders: list[bytes]
    clicks: list[bytes]

    @property
    def events(self) -> list[dict[str, object]]:
        return [json.loads(value) for value in self.orders + self.clicks]

    @property
    def rules(self) -> dict[int, str]:
        return {line.line: line.refusal.rule for line in self.refused}


@pytest.fixture
def run(settings: Settings) -> Callable[..., Run]:
    """Replay files into the real broker and read the topics back, with what earlier replays left there."""

    sent: Counter[str] = Counter()

    def run(*files: Path, raw: bool = False) -> Run:
        refused: list[RefusedLine] = []
        sizes: list[int] = []
        replayed = replay(files, settings, raw=raw, on_refused=refused.append, progress=sizes.append)
        assert sum(sizes) == sum(file.stat().st_size for file in files), "progress does not end at 100 %"
        sent.update(replayed.sent)
        topics = _stored(settings)
        assert {topic: len(values) for topic, values in topics.items() if values} == sent
        return Run(replayed, refused, topics[settings.orders_topic], topics[settings.clicks_topic])

    return run


def _stored(settings: Settings) -> dict[str, list[bytes]]:
    stored: dict[str, list[bytes]] = {topic: [] for topic in settings.topics}
    with closing(Broker(settings)) as broker, closing(RangeReader(settings)) as reader:
        for block in reader.read(broker.plan([], 1_000_000)):
            stored[block.range.topic] += [value or b"" for value in block.values]
    return stored
