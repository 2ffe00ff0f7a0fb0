"""Every way in which Kafka can stop being what was ingested has an error of its own, and nothing else has one."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowguard.errors import (
    OffsetGap,
    OffsetsWentBackwards,
    PartitionGone,
    RecordsExpired,
    TopicRecreated,
    UnknownCluster,
)
from flowguard.kafka.gaps import ADVICE, find_gaps, refuse
from flowguard.kafka.ranges import Origin, Position, TopicPartition, Watermarks

ORIGIN = Origin("cluster", "id")
ORIGINS = {"orders": ORIGIN}


def at(next_offset: int, partition: int = 0, origin: Origin | None = ORIGIN) -> Position:
    return Position("orders", partition, 1, next_offset, datetime(2026, 11, 20), "digest", origin)


def held(low: int, high: int, partition: int = 0) -> dict[TopicPartition, Watermarks]:
    return {TopicPartition("orders", partition): Watermarks(low, high)}


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 25)), min_size=1, max_size=4))
def test_a_gap_is_found_whenever_the_next_offset_is_not_held(partitions: list[tuple[int, int, int]]) -> None:
    watermarks, positions, broken = {}, [], []
    for number, (low, count, following) in enumerate(partitions):
        watermarks |= held(low, low + count, number)
        positions.append(at(following, number))
        broken += [number] if not low <= following <= low + count else []
    assert [gap.partition for gap in find_gaps(positions, watermarks, ORIGINS)] == broken


@pytest.mark.parametrize(
    ("position", "watermarks", "origins", "kind", "text", "missing"),
    [
        (
            at(2), held(5, 7), ORIGINS, RecordsExpired,
            "topic orders, partition 0: offsets 2 to 4 are missing, Kafka holds none before 5", (2, 5),
        ),
        (
            at(9), held(5, 7), ORIGINS, OffsetsWentBackwards,
            "topic orders, partition 0: offsets went backwards, .* offsets 7 to 8 were ingested", None,
        ),
        (
            at(3), {}, ORIGINS, PartitionGone,
            "partition 0: the partition does not exist any more, offset 3 comes next", None,
        ),
        (
            at(3), held(0, 3), {"orders": Origin("cluster", "other")}, TopicRecreated,
            "topic orders: it was deleted and recreated, its id is other instead of id", None,
        ),
        (
            at(3), held(0, 3), {"orders": Origin("elsewhere", "id")}, UnknownCluster,
            "topic orders: Kafka's cluster id is elsewhere, ingested was that of cluster", None,
        ),
    ],
)  # fmt: skip
def test_each_gap_names_what_is_wrong_and_what_to_do(position, watermarks, origins, kind, text, missing) -> None:
    (gap,) = gaps = find_gaps([position], watermarks, origins)
    assert (gap.kind, gap.missing) == (kind, missing)
    with pytest.raises(kind, match=rf"{text}.*skipped silently\. .*flowguard doctor accept-gap orders") as raised:
        refuse(gaps)
    assert type(raised.value) is kind


def test_a_partition_that_was_added_and_has_expired_records_is_a_gap() -> None:
    watermarks = held(0, 3) | held(2, 4, partition=1)
    (gap,) = find_gaps([at(3)], watermarks, ORIGINS)
    assert (gap.kind, gap.partition, gap.missing) == (RecordsExpired, 1, (0, 2))


def test_offsets_of_another_topic_are_not_compared() -> None:
    (gap,) = find_gaps([at(9)], held(0, 3), {"orders": Origin("cluster", "other")})
    assert gap.kind is TopicRecreated


def test_a_broker_without_topic_ids_is_judged_by_offsets_only() -> None:
    for was, now in ((None, None), ("id", None), (None, "id")):
        assert find_gaps([at(3, origin=Origin("cluster", was))], held(0, 3), {"orders": Origin("cluster", now)}) == []


def test_what_was_never_written_down_is_not_compared() -> None:
    assert find_gaps([at(3, origin=None)], held(0, 3), ORIGINS) == []


def test_no_gap_is_no_error_and_several_are_one() -> None:
    refuse([])
    watermarks = held(5, 7) | held(0, 2, partition=1)
    with pytest.raises(RecordsExpired, match=r"partition 0: .*; topic orders, partition 1: offsets went backwards"):
        refuse(find_gaps([at(2), at(9, 1)], watermarks, ORIGINS))


def test_there_is_advice_for_every_kind() -> None:
    assert set(ADVICE) == set(OffsetGap.__subclasses__())
