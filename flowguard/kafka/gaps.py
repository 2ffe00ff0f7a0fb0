"""Whether Kafka still is what was ingested, and holds what comes next. Pure.

Nothing is ever skipped silently: each way in which a topic can lose records has an error of its own, and ingestion
stops until a person has decided (`flowguard doctor`).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from flowguard.errors import (
    OffsetGap,
    OffsetsWentBackwards,
    PartitionGone,
    RecordsExpired,
    TopicRecreated,
    TopicTruncated,
    UnknownCluster,
)
from flowguard.kafka.ranges import Origin, Position, TopicPartition, Watermarks, where_each_stands

ADVICE: Mapping[type[OffsetGap], str] = {
    RecordsExpired: "Raise the topic's retention, so that it is longer than any outage",
    OffsetsWentBackwards: "Find out what cut the log off (unclean leader election, a restored disk)",
    PartitionGone: "Find out who recreated the topic with fewer partitions",
    TopicTruncated: "Find out what cut the log off (unclean leader election, a restored disk)",
    TopicRecreated: "Find out who deleted the topic: what was in it and not ingested is gone",
    UnknownCluster: "Set FLOWGUARD_KAFKA_BOOTSTRAP_SERVERS to the Kafka that was ingested, or say that the shop moved",
}
"""What to do about each kind of gap, before the loss is accepted."""


class Gap(NamedTuple):
    """Why ingestion cannot go on in a topic, or in one of its partitions.

    ``missing``: the offsets ``[start, end)`` that are lost, where that is known.
    """

    kind: type[OffsetGap]
    topic: str
    partition: int | None
    text: str
    missing: tuple[int, int] | None = None


def find_gaps(
    positions: Sequence[Position],
    watermarks: Mapping[TopicPartition, Watermarks],
    origins: Mapping[str, Origin],
) -> list[Gap]:
    """Everything that keeps ingestion from going on, in order of topic and partition.

    Where a topic is another one than was ingested, its offsets are not compared: they mean other records.
    """
    foreign = find_foreign(positions, origins)
    strange = {gap.topic for gap in foreign}
    standing = where_each_stands(positions, watermarks)
    offsets = [
        gap
        for tp, position in sorted(standing.items())
        if tp.topic not in strange and (gap := _offset_gap(position, watermarks.get(tp)))
    ]
    return foreign + offsets


def find_foreign(positions: Sequence[Position], origins: Mapping[str, Origin]) -> list[Gap]:
    """The topics that are not the ones which were ingested, though they have their names."""
    known = {position.topic: position.origin for position in positions if position.origin}
    return list(_foreign(known, origins))


def truncated(topic: str, partition: int, following: int, known_at: datetime | None, found_at: datetime) -> Gap:
    """The gap that the record before offset ``following`` is not the one which was ingested. Times are naive UTC."""
    text = (
        f"topic {topic}, partition {partition}: the record at offset {following - 1} is not the one that was ingested "
        f"(it arrived at {known_at}, this one at {found_at}): the topic was truncated or recreated, so offsets from "
        f"{following} mean other records"
    )
    return Gap(TopicTruncated, topic, partition, text)


def refuse(gaps: Sequence[Gap]) -> None:
    """Raise the error of the first gap, with all of them in its text and what to do about each kind."""
    if not gaps:
        return
    kinds = dict.fromkeys(gap.kind for gap in gaps)
    advice = ". ".join(ADVICE[kind] for kind in kinds)
    raise gaps[0].kind(
        f"{'; '.join(gap.text for gap in gaps)}. Ingestion stops so that nothing is skipped silently. {advice}. "
        f"To accept the loss, which is recorded for ever: flowguard doctor accept-gap {gaps[0].topic} --reason …"
    )


def _foreign(known: Mapping[str, Origin], origins: Mapping[str, Origin]) -> Iterator[Gap]:
    for topic, was in sorted(known.items()):
        now = origins.get(topic)
        if now is None:
            continue
        if now.cluster_id != was.cluster_id:
            text = f"topic {topic}: Kafka's cluster id is {now.cluster_id}, ingested was that of {was.cluster_id}"
            yield Gap(UnknownCluster, topic, None, text)
        elif now.topic_id != was.topic_id and None not in (now.topic_id, was.topic_id):
            text = f"topic {topic}: it was deleted and recreated, its id is {now.topic_id} instead of {was.topic_id}"
            yield Gap(TopicRecreated, topic, None, text)


def _offset_gap(position: Position, marks: Watermarks | None) -> Gap | None:
    topic, partition, following = position.topic, position.partition, position.next_offset
    name = f"topic {topic}, partition {partition}"
    if marks is None:
        text = f"{name}: the partition does not exist any more, offset {following} comes next"
        return Gap(PartitionGone, topic, partition, text)
    if following < marks.low:
        text = f"{name}: offsets {following} to {marks.low - 1} are missing, Kafka holds none before {marks.low}"
        return Gap(RecordsExpired, topic, partition, text, (following, marks.low))
    if following > marks.high:
        text = (
            f"{name}: offsets went backwards, Kafka ends before {marks.high} but offsets {marks.high} to "
            f"{following - 1} were ingested: the topic was truncated or recreated"
        )
        return Gap(OffsetsWentBackwards, topic, partition, text)
    return None
