"""Sending many records fast, each acknowledged."""

from collections.abc import Iterable
from types import TracebackType
from typing import Any, NamedTuple, Self

from confluent_kafka import KafkaError, Message, Producer

from flowguard.errors import FlowGuardError
from flowguard.kafka import config
from flowguard.kafka.errors import translate
from flowguard.settings import Settings

_MOST_PENDING = 100_000
_PATIENCE_MS = 60_000


class Record(NamedTuple):
    """What to send to a topic; records with one key keep their order."""

    key: bytes | None
    value: bytes


class Sender:
    """Sends records in the background; whoever leaves its block knows that all are stored.

    Raises:
        BrokerUnavailable: Kafka did not acknowledge within a minute.
    """

    def __init__(self, settings: Settings) -> None:
        tuned = {
            "linger.ms": 20,
            "message.max.bytes": 1_048_576,
            "batch.num.messages": 20_000,
            "queue.buffering.max.messages": 2 * _MOST_PENDING,
            "queue.buffering.max.kbytes": 262_144,
            "delivery.timeout.ms": _PATIENCE_MS,
            # A callback per record costs as much as sending it.
            "delivery.report.only.error": True,
        }
        self._producer = Producer(config.producer(settings) | tuned)
        self._failure: FlowGuardError | None = None

    def send(self, topic: str, records: Iterable[Record]) -> None:
        """Queue records; waits while too many are on their way."""
        messages: list[dict[str, Any]] = [{"key": record.key, "value": record.value} for record in records]
        while messages:
            self._producer.produce_batch(topic, messages, on_delivery=self._report)
            messages = [self._to_retry(message, topic) for message in messages if "_error" in message]
            self._wait(until=0 if messages else _MOST_PENDING)

    def flush(self) -> None:
        """Wait until everything is acknowledged."""
        self._wait(until=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.flush()
        else:
            self._producer.purge()

    def _wait(self, until: int) -> None:
        while len(self._producer) > until:
            self._producer.poll(0.05)
        self._producer.poll(0)
        if self._failure:
            raise self._failure

    def _report(self, error: KafkaError | None, message: Message) -> None:
        if error and not self._failure:
            self._failure = translate(error, f"sending to topic {message.topic()}")

    @staticmethod
    def _to_retry(message: dict[str, Any], topic: str) -> dict[str, Any]:
        error = message.pop("_error")
        if error.code() != KafkaError._QUEUE_FULL:
            raise translate(error, f"sending to topic {topic}")
        return message
