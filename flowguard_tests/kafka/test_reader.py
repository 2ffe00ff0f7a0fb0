"""Reading exact ranges from a real broker."""

from collections.abc import Iterator
from datetime import date, datetime

import msgspec
import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from flowguard.errors import BrokerUnavailable, OffsetGap
from flowguard.kafka import reader as reader_module
from flowguard.kafka.broker import from_milliseconds
from flowguard.kafka.fingerprint import digest
from flowguard.kafka.ranges import OffsetRange
from flowguard.kafka.reader import BLOCK_RECORDS, Block, RangeReader
from flowguard.local.ports import free_port
from flowguard.settings import Settings
from flowguard_tests.conftest import Produce
from flowguard_tests.waiting import wait_until


@pytest.fixture
def reader(settings: Settings) -> Iterator[RangeReader]:
    reader = RangeReader(settings)
    yield reader
    reader.close()


def offsets(topic: str, start: int, end: int, partition: int = 0) -> OffsetRange:
    return OffsetRange(topic, 1, partition, start, end, date(2026, 11, 23), None, None)


def following(block: Block, end: int) -> OffsetRange:
    """The range after a block, which knows the block's last record."""
    return msgspec.structs.replace(
        block.range,
        start=block.offsets[-1] + 1,
        end=end,
        last_arrived_at=from_milliseconds(block.arrived_ms[-1]),
        last_digest=digest(block.values[-1]),
    )


def read(reader: RangeReader, *ranges: OffsetRange) -> dict[tuple[str, int], list[tuple[int, bytes | None]]]:
    records: dict[tuple[str, int], list[tuple[int, bytes | None]]] = {}
    for block in reader.read(ranges):
        assert 0 < len(block.values) == len(block.offsets) == len(block.arrived_ms) <= BLOCK_RECORDS
        pairs = zip(block.offsets, block.values, strict=True)
        records.setdefault((block.range.topic, block.range.partition), []).extend(pairs)
    return records


def numbered(start: int, end: int) -> list[tuple[int, bytes | None]]:
    return [(number, b"%d" % number) for number in range(start, end)]


def values(end: int) -> list[bytes]:
    return [b"%d" % number for number in range(end)]


def recreate(settings: Settings, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers})
    admin.delete_topics([topic])[topic].result()
    wait_until(lambda: topic not in admin.list_topics(timeout=5).topics)  # Apache Kafka confirms before it is gone
    admin.create_topics([NewTopic(topic, 3, config={"message.timestamp.type": "LogAppendTime"})])[topic].result()


def expire(settings: Settings, topic: str, before: int) -> None:
    """Let Kafka forget the records before an offset of partition 0."""
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers})
    for answer in admin.delete_records([TopicPartition(topic, 0, before)]).values():
        answer.result()


def test_each_range_is_read_from_its_start_to_its_end(
    reader: RangeReader, settings: Settings, produce: Produce
) -> None:
    orders, clicks = settings.orders_topic, settings.clicks_topic
    for topic, partition, count in ((orders, 0, 9000), (orders, 2, 10), (clicks, 0, 3000)):
        produce(topic, values(count), partition=partition)
    wanted = [offsets(orders, 17, 8500), offsets(orders, 3, 4, partition=2), offsets(clicks, 0, 3000)]
    assert read(reader, *wanted) == {
        (orders, 0): numbered(17, 8500),
        (orders, 2): numbered(3, 4),
        (clicks, 0): numbered(0, 3000),
    }


def test_large_ranges_are_read_one_after_the_other(
    reader: RangeReader, settings: Settings, produce: Produce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "RECORDS_AT_ONCE", 10)
    topic = settings.orders_topic
    for partition in range(3):
        produce(topic, values(30), partition=partition)
    wanted = [offsets(topic, 0, 4, partition=0), offsets(topic, 0, 30, partition=1), offsets(topic, 5, 9, partition=2)]
    assert [block.range.partition for block in reader.read(wanted)] == [0, 1, 2]
    assert read(reader, *wanted) == {
        (topic, 0): numbered(0, 4),
        (topic, 1): numbered(0, 30),
        (topic, 2): numbered(5, 9),
    }


def test_nothing_to_read_is_no_block(reader: RangeReader, settings: Settings) -> None:
    assert read(reader) == {}
    assert read(reader, offsets(settings.orders_topic, 0, 0)) == {}


def test_one_reader_reads_range_after_range(reader: RangeReader, settings: Settings, produce: Produce) -> None:
    topic = settings.orders_topic
    produce(topic, values(100), partition=0)
    for start in range(0, 100, 10):
        assert read(reader, offsets(topic, start, start + 10)) == {(topic, 0): numbered(start, start + 10)}


def test_a_reading_that_was_given_up_leaves_nothing_behind(
    reader: RangeReader, settings: Settings, produce: Produce
) -> None:
    topic = settings.orders_topic
    produce(topic, values(5000), partition=0)
    for _ in reader.read([offsets(topic, 0, 5000)]):
        break
    assert reader._consumer.assignment() == []
    assert read(reader, offsets(topic, 4000, 4002)) == {(topic, 0): numbered(4000, 4002)}


def test_tombstones_and_arrival_are_kept(reader: RangeReader, settings: Settings, produce: Produce) -> None:
    produce(settings.orders_topic, [b"", None], partition=0)
    (block,) = reader.read([offsets(settings.orders_topic, 0, 2)])
    assert block.values == [b"", None]
    assert all(abs(datetime.now().timestamp() * 1000 - arrived) < 60_000 for arrived in block.arrived_ms)


def test_offsets_without_a_record_are_passed_by_position(reader: RangeReader, settings: Settings) -> None:
    topic = settings.orders_topic
    writer = Producer({"bootstrap.servers": settings.kafka_bootstrap_servers, "transactional.id": topic})
    writer.init_transactions(10)
    for value, end in ((b"kept", writer.commit_transaction), (b"aborted", writer.abort_transaction)):
        writer.begin_transaction()
        writer.produce(topic, value, partition=0)
        writer.flush(10)
        end(10)
    # record, its marker, aborted record, its marker
    assert read(reader, offsets(topic, 0, 4)) == {(topic, 0): [(0, b"kept")]}
    assert read(reader, offsets(topic, 1, 2)) == {}
    assert read(reader, offsets(topic, 1, 4)) == {}


def test_the_record_before_is_known_again(reader: RangeReader, settings: Settings, produce: Produce) -> None:
    topic = settings.orders_topic
    produce(topic, values(3), partition=0)
    (block,) = reader.read([offsets(topic, 0, 2)])
    assert read(reader, following(block, 3)) == {(topic, 0): numbered(2, 3)}


def test_a_recreated_topic_is_refused_though_it_has_grown_past_the_range(
    reader: RangeReader, settings: Settings, produce: Produce
) -> None:
    topic = settings.orders_topic
    produce(topic, [b"a", b"b"], partition=0)
    (block,) = reader.read([offsets(topic, 0, 2)])
    recreate(settings, topic)
    produce(topic, [b"x", b"y", b"z"], partition=0)
    with pytest.raises(OffsetGap, match=rf"{topic}, partition 0: the record at offset 1 is not .*recreated"):
        read(reader, following(block, 3))


@pytest.mark.parametrize("changed", ["last_digest", "last_arrived_at"])
def test_value_and_arrival_are_both_compared(
    reader: RangeReader, settings: Settings, produce: Produce, changed: str
) -> None:
    produce(settings.orders_topic, values(3), partition=0)
    (block,) = reader.read([offsets(settings.orders_topic, 0, 2)])
    other = {"last_digest": digest(b"other"), "last_arrived_at": datetime(2026, 1, 1)}[changed]
    with pytest.raises(OffsetGap, match="truncated or recreated"):
        read(reader, msgspec.structs.replace(following(block, 3), **{changed: other}))


def test_an_end_that_kafka_no_longer_has_is_a_gap(reader: RangeReader, settings: Settings, produce: Produce) -> None:
    topic = settings.orders_topic
    produce(topic, values(3), partition=0)
    with pytest.raises(OffsetGap, match=rf"{topic}, partition 0: offsets 3 to 4 .* holds 0 to 2"):
        read(reader, offsets(topic, 1, 5))
    with pytest.raises(OffsetGap, match=rf"{topic}, partition 0: offsets 7 to 8 .* holds 0 to 2"):
        read(reader, offsets(topic, 7, 9))


def test_expired_records_are_a_gap(reader: RangeReader, settings: Settings, produce: Produce) -> None:
    topic = settings.orders_topic
    produce(topic, values(6), partition=0)
    expire(settings, topic, before=3)
    with pytest.raises(OffsetGap, match=rf"{topic}, partition 0: offsets 1 to 5 .* holds 3 to 5"):
        read(reader, offsets(topic, 1, 6))


def test_only_the_record_before_is_expired(reader: RangeReader, settings: Settings, produce: Produce) -> None:
    topic = settings.orders_topic
    produce(topic, values(6), partition=0)
    (block,) = reader.read([offsets(topic, 0, 3)])
    expire(settings, topic, before=3)
    assert read(reader, following(block, 6)) == {(topic, 0): numbered(3, 6)}


def test_a_broker_that_does_not_answer_is_named_with_the_position(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "PATIENCE", 0.2)
    reader = RangeReader(settings.model_copy(update={"kafka_bootstrap_servers": f"127.0.0.1:{free_port()}"}))
    with pytest.raises(BrokerUnavailable, match=rf"{settings.orders_topic}, partition 0 at offset 4 of 6"):
        read(reader, offsets(settings.orders_topic, 4, 6))
    reader.close()
