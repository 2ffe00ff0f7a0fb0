"""Questions to the broker: what is there, when did it arrive, is it set up so that the accounting holds."""

import logging
import math
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import Any

import confluent_kafka as kafka
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, OffsetSpec

from flowguard.errors import FlowGuardError, OffsetGap, TopicMisconfigured, TopicMissing
from flowguard.kafka import config, gaps, ranges
from flowguard.kafka.errors import patiently, translated
from flowguard.kafka.fingerprint import Fingerprint, digest
from flowguard.kafka.known_days import KnownDays
from flowguard.kafka.ranges import Arrival, OffsetRange, Origin, Position, TopicPartition, Watermarks
from flowguard.settings import Settings

_NO_TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAA"
_TIMESTAMP_TYPE = "message.timestamp.type"
_log = logging.getLogger(__name__)


class Broker:
    """Blocking, and safe to use from several threads. Every method raises FlowGuard's errors, never Kafka's."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._days = KnownDays(self)
        with translated("creating a Kafka client"):
            self._admin = AdminClient(config.client(settings))
            self._consumer = kafka.Consumer(config.consumer(settings))

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that are ingested."""
        return self._settings.topics

    def ensure_topics(self) -> list[str]:
        """Create the topics that are missing, stamping records with their arrival; returns their names.

        When it returns, they can be written and read.
        """
        wanted = {
            topic: NewTopic(topic, self._settings.topic_partitions, config={_TIMESTAMP_TYPE: "LogAppendTime"})
            for topic in (*self._settings.topics, self._settings.attributed_topic)
        }
        existing = self._partition_counts()
        missing = [topic for topic in wanted if topic not in existing]
        if missing:
            for topic, created in self._admin.create_topics([wanted[topic] for topic in missing]).items():
                with translated(f"creating topic {topic}"):
                    created.result()
            self._wait_until_known(missing)
            self.watermarks()
        return missing

    def check_topics(self) -> None:
        """Raise TopicMisconfigured, with the command that mends it, where a topic is missing or has CreateTime."""
        self._partitions_of(self._partition_counts())
        for topic, stamped in self._timestamp_types().items():
            if stamped != "LogAppendTime":
                raise TopicMisconfigured(
                    f"topic {topic} has {_TIMESTAMP_TYPE}={stamped}, so a record's time is not its arrival. Change it: "
                    f"kafka-configs.sh --bootstrap-server {self._settings.kafka_bootstrap_servers} --alter "
                    f"--entity-type topics --entity-name {topic} --add-config {_TIMESTAMP_TYPE}=LogAppendTime"
                )

    def watermarks(self) -> dict[TopicPartition, Watermarks]:
        """For each partition of the topics, the first offset that is held and the one after the last readable."""

        def ask() -> dict[TopicPartition, Watermarks]:
            partitions = self._partitions_of(self._partition_counts())
            low = self._list_offsets(partitions, OffsetSpec.earliest())
            high = self._list_offsets(partitions, OffsetSpec.latest())
            return {tp: Watermarks(low[tp].offset, high[tp].offset) for tp in partitions}

        return patiently(ask, config.REQUEST_TIMEOUT)

    def origins(self) -> dict[str, Origin]:
        """For each topic, which Kafka it is in and which topic of that name it is."""
        with translated("asking for the cluster"):
            cluster = str(self._admin.list_topics(timeout=config.REQUEST_TIMEOUT).cluster_id)
        answers = self._admin.describe_topics(
            kafka.TopicCollection(list(self._settings.topics)), request_timeout=config.REQUEST_TIMEOUT
        )
        found = {}
        for topic, answer in answers.items():
            with translated(f"asking for topic {topic}"):
                found[topic] = Origin(cluster, _topic_id(answer.result().topic_id))
        return found

    def first_since(self, tp: TopicPartition, instant: datetime) -> Arrival | None:
        """The first record that arrived at or after an instant (naive UTC); None where there is none."""
        milliseconds = math.ceil(instant.replace(tzinfo=UTC).timestamp() * 1000)
        spec = OffsetSpec.for_timestamp(milliseconds)
        found = patiently(lambda: self._list_offsets([tp], spec)[tp], config.REQUEST_TIMEOUT)
        return Arrival(found.offset, from_milliseconds(found.timestamp)) if found.offset >= 0 else None

    def arrived_at(self, tp: TopicPartition, offset: int) -> datetime | None:
        """When the first record at or after an offset arrived (naive UTC); None where there is none yet."""
        message = self._first_from(tp, offset)
        return None if message is None else from_milliseconds(message.timestamp()[1])

    def fingerprint(self, tp: TopicPartition, offset: int) -> Fingerprint | None:
        """What is at exactly that offset; None where Kafka holds no record there."""
        try:
            message = self._first_from(tp, offset)
        except OffsetGap:
            return None
        if message is None or message.offset() != offset:
            return None
        return Fingerprint(from_milliseconds(message.timestamp()[1]), digest(message.value()))

    def plan(self, positions: Sequence[Position], limit: int) -> list[OffsetRange]:
        """What to ingest next, see `ranges.plan`. Positions of topics that are no longer ingested are left alone.

        Raises:
            OffsetGap: Kafka does not hold what comes next; names everything that is missing.
        """
        own = self._own(positions)
        watermarks = self.watermarks()
        gaps.refuse(gaps.find_gaps(own, watermarks, self.origins()))
        return ranges.plan(own, self._days.known(own, watermarks), self._days, limit)

    def gaps(self, positions: Sequence[Position]) -> list[gaps.Gap]:
        """Everything that keeps ingestion from going on, see `gaps.find_gaps`."""
        return gaps.find_gaps(self._own(positions), self.watermarks(), self.origins())

    def refuse_foreign(self, positions: Sequence[Position]) -> None:
        """Raise OffsetGap if a topic is not the one of the positions.

        What was read before this was asked was in that topic: the id of a topic never comes back.
        """
        gaps.refuse(gaps.find_foreign(self._own(positions), self.origins()))

    def commit_group(self, ends: Mapping[TopicPartition, int]) -> None:
        """Tell people's lag tools how far ingestion is. Nothing depends on it: a failure is logged.

        The broker is asked first whether it is there: librdkafka ends the process by an assertion of its own when this
        request meets a broker that is gone (confluentinc/librdkafka#4605). A consumer's commit would make its close
        wait for a broker that hangs.
        """
        group = self._settings.consumer_group
        offsets = [kafka.TopicPartition(tp.topic, tp.partition, end) for tp, end in ends.items()]
        if not offsets:
            return
        try:
            self._partition_counts()
            with translated(f"committing offsets of group {group}"):
                asked = kafka.ConsumerGroupTopicPartitions(group, offsets)
                answers = self._admin.alter_consumer_group_offsets([asked], request_timeout=config.REQUEST_TIMEOUT)
                answers[group].result()
        except FlowGuardError as error:
            _log.warning("%s", error)

    def close(self) -> None:
        with self._lock:
            self._consumer.close()

    def _first_from(self, tp: TopicPartition, offset: int) -> Any:
        """The first record at or after an offset that Kafka holds; None where there is none."""
        with self._lock, translated(f"reading topic {tp.topic}, partition {tp.partition} from offset {offset}"):
            try:
                self._consumer.assign([kafka.TopicPartition(tp.topic, tp.partition, offset)])
                return self._first_message()
            finally:
                self._consumer.unassign()

    def _first_message(self) -> kafka.Message | None:
        deadline = time.monotonic() + config.REQUEST_TIMEOUT
        while time.monotonic() < deadline:
            message = self._consumer.poll(0.1)
            if message is None:
                continue
            error = message.error()
            if error is None:
                return message
            if error.code() == kafka.KafkaError._PARTITION_EOF:
                return None
            raise kafka.KafkaException(error)
        raise kafka.KafkaException(kafka.KafkaError(kafka.KafkaError._TIMED_OUT))

    def _wait_until_known(self, topics: Sequence[str]) -> None:
        """A broker says that a topic is created before it tells everybody of it."""
        deadline = time.monotonic() + config.REQUEST_TIMEOUT
        while not self._partition_counts().keys() >= set(topics) and time.monotonic() < deadline:
            time.sleep(0.02)

    def _own(self, positions: Sequence[Position]) -> list[Position]:
        return [position for position in positions if position.topic in self._settings.topics]

    def _partitions_of(self, counts: Mapping[str, int]) -> list[TopicPartition]:
        missing = [topic for topic in self._settings.topics if topic not in counts]
        if missing:
            raise TopicMissing(
                f"{len(missing)} missing topics: {', '.join(missing)}. Create each: "
                f"kafka-topics.sh --bootstrap-server {self._settings.kafka_bootstrap_servers} --create "
                f"--topic {missing[0]} --partitions {self._settings.topic_partitions} "
                f"--config {_TIMESTAMP_TYPE}=LogAppendTime"
            )
        return [TopicPartition(topic, number) for topic in self._settings.topics for number in range(counts[topic])]

    def _partition_counts(self) -> dict[str, int]:
        # All topics, because asking for one by name may create it.
        with translated("asking for the topics"):
            topics = self._admin.list_topics(timeout=config.REQUEST_TIMEOUT).topics
        return {name: len(topic.partitions) for name, topic in topics.items() if topic.error is None}

    def _timestamp_types(self) -> dict[str, str]:
        resources = [ConfigResource(ConfigResource.Type.TOPIC, topic) for topic in self._settings.topics]
        with translated(f"asking for the settings of topics {', '.join(self._settings.topics)}"):
            answers = self._admin.describe_configs(resources, request_timeout=config.REQUEST_TIMEOUT)
            return {resource.name: answer.result()[_TIMESTAMP_TYPE].value for resource, answer in answers.items()}

    def _list_offsets(self, partitions: Sequence[TopicPartition], spec: OffsetSpec) -> dict[TopicPartition, Any]:
        """What the broker answers for each partition, offset and timestamp, in one request."""
        asked = {kafka.TopicPartition(*tp): spec for tp in partitions}
        answers = self._admin.list_offsets(
            asked, isolation_level=kafka.IsolationLevel.READ_COMMITTED, request_timeout=config.REQUEST_TIMEOUT
        )
        found = {}
        for asked_for, answer in answers.items():
            with translated(f"asking for offsets of topic {asked_for.topic}, partition {asked_for.partition}"):
                found[TopicPartition(asked_for.topic, asked_for.partition)] = answer.result()
        return found


def _topic_id(uuid: kafka.Uuid) -> str | None:
    """Brokers that have no topic ids answer with zeros."""
    return None if str(uuid) == _NO_TOPIC_ID else str(uuid)


def from_milliseconds(milliseconds: int) -> datetime:
    """A record's timestamp as naive UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).replace(tzinfo=None)
