"""Looking for gaps more closely than planning does: the last ingested record of each partition is read again."""

from collections.abc import Iterator, Sequence

from flowguard.kafka.broker import Broker
from flowguard.kafka.gaps import Gap, truncated
from flowguard.kafka.ranges import Position, TopicPartition


def inspect(broker: Broker, positions: Sequence[Position]) -> list[Gap]:
    """Everything that keeps ingestion from going on, also a log that was cut off and has grown to where it was.

    Raises:
        TopicMissing: a topic does not exist.
        BrokerUnavailable: Kafka did not answer.
    """
    gaps = broker.gaps(positions)
    broken = {(gap.topic, gap.partition) for gap in gaps} | {(gap.topic, None) for gap in gaps if gap.partition is None}
    whole = [p for p in positions if not {(p.topic, p.partition), (p.topic, None)} & broken]
    return gaps + list(_truncated(broker, whole))


def _truncated(broker: Broker, positions: Sequence[Position]) -> Iterator[Gap]:
    for position in positions:
        if position.topic not in broker.topics or position.last_digest is None:
            continue
        found = broker.fingerprint(TopicPartition(position.topic, position.partition), position.next_offset - 1)
        if found and found != (position.last_arrived_at, position.last_digest):
            yield truncated(
                position.topic, position.partition, position.next_offset, position.last_arrived_at, found.arrived_at
            )
