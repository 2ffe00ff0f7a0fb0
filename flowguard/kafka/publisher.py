"""Publishing exactly once: records and the progress that they make are one transaction of Kafka.

The progress is a number that the caller chooses, kept as the offset of a consumer group of the same name as the
producer. So whatever is killed and when, who asks again gets the number that belongs to what can be read.
"""

from collections.abc import Iterable
from contextlib import suppress

import confluent_kafka as kafka
from confluent_kafka import KafkaError, KafkaException

from flowguard.errors import FlowGuardError, Superseded
from flowguard.faults import crash_point
from flowguard.kafka import config
from flowguard.kafka.errors import translate, translated
from flowguard.kafka.sender import Record
from flowguard.settings import Settings

PATIENCE = 10.0
"""Seconds that a step of a transaction may take."""

_FENCED = frozenset({KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH})


class Publisher:
    """The producer of one topic under one id. When another begins under that id, this one can publish no more.

    After an error it is of no use any longer: what became of a transaction is known by the next one, which settles it.
    """

    def __init__(self, settings: Settings, topic: str, producer_id: str) -> None:
        """Raises BrokerUnavailable if Kafka does not answer."""
        self._topic = topic
        self._progress = kafka.TopicPartition(topic, 0)
        tuned = {"transactional.id": producer_id, "linger.ms": 5, "delivery.timeout.ms": int(PATIENCE * 1000)}
        with translated(f"creating a producer of topic {topic}"):
            self._producer = kafka.Producer(config.producer(settings) | tuned)
            self._group = kafka.Consumer(config.consumer(settings) | {"group.id": producer_id})
            self._producer.init_transactions(PATIENCE)

    def progress(self) -> int | None:
        """The progress of the last transaction that was committed; None if Kafka knows of none."""
        with translated(f"asking how far topic {self._topic} is published"):
            [known] = self._group.committed([self._progress], PATIENCE)
        return int(known.offset) if known.offset >= 0 else None

    def publish(self, records: Iterable[Record], progress: int) -> None:
        """Publish records and progress, all or nothing; returns when readers of committed records can see them.

        Raises:
            BrokerUnavailable: Kafka did not answer; whether it is published, the next publisher knows.
            Superseded: another publisher has begun under the same id.
        """
        try:
            self._publish(records, progress)
        except KafkaException as error:
            raise self._translated(error.args[0]) from error

    def close(self) -> None:
        """Let go of the connections; what was not committed is aborted by the next publisher."""
        self._group.close()
        with suppress(KafkaException):
            self._producer.purge()

    def _publish(self, records: Iterable[Record], progress: int) -> None:
        self._producer.begin_transaction()
        crash_point("publish.begun")
        for record in records:
            self._producer.produce(self._topic, key=record.key, value=record.value)
        self._producer.flush(PATIENCE)
        crash_point("publish.sent")
        reached = kafka.TopicPartition(self._topic, 0, progress)
        self._producer.send_offsets_to_transaction([reached], self._group.consumer_group_metadata(), PATIENCE)
        crash_point("publish.counted")
        self._producer.commit_transaction(PATIENCE)
        crash_point("publish.committed")

    def _translated(self, error: KafkaError) -> FlowGuardError:
        if error.code() in _FENCED:
            return Superseded(f"topic {self._topic} is published by another process now ({error.name()})")
        return translate(error, f"publishing to topic {self._topic}")
