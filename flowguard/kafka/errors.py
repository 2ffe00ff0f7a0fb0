"""The one boundary where Kafka's errors become FlowGuard's."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from confluent_kafka import KafkaError, KafkaException

from flowguard.errors import (
    BrokerUnavailable,
    FlowGuardError,
    InvalidSettings,
    OffsetGap,
    TopicMisconfigured,
    TopicMissing,
)

Answer = TypeVar("Answer")
_ASK_AGAIN_SECONDS = 0.05

OUT_OF_RANGE = frozenset({KafkaError.OFFSET_OUT_OF_RANGE, KafkaError._AUTO_OFFSET_RESET})
_NO_TOPIC = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError.UNKNOWN_TOPIC_ID,
    }
)
_UNSETTLED = _NO_TOPIC | {
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.UNKNOWN_LEADER_EPOCH,
    KafkaError.OFFSET_NOT_AVAILABLE,
    KafkaError.REPLICA_NOT_AVAILABLE,
}
_TOPIC = frozenset(
    {
        KafkaError.TOPIC_EXCEPTION,
        KafkaError.TOPIC_ALREADY_EXISTS,
        KafkaError.TOPIC_DELETION_DISABLED,
        KafkaError.INVALID_CONFIG,
        KafkaError.INVALID_PARTITIONS,
        KafkaError.INVALID_REPLICATION_FACTOR,
        KafkaError.POLICY_VIOLATION,
    }
)
_SETTINGS = frozenset(
    {
        KafkaError._INVALID_ARG,
        KafkaError._AUTHENTICATION,
        KafkaError._SSL,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.UNSUPPORTED_SASL_MECHANISM,
        KafkaError.ILLEGAL_SASL_STATE,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    }
)


def translate(error: KafkaError, doing: str) -> FlowGuardError:
    """The error that Kafka's stands for. ``doing`` says what was attempted, and on which topic and partition."""
    text = f"{doing}: {error.str()} ({error.name()})"
    if error.code() in OUT_OF_RANGE:
        return OffsetGap(f"{text}. Kafka does not hold these offsets: compare retention with `flowguard ledger`")
    if error.code() in _NO_TOPIC:
        return TopicMissing(f"{text}. Create the topic, or correct its name (`flowguard config`)")
    if error.code() in _TOPIC:
        return TopicMisconfigured(f"{text}. Check the topic's name, partitions and settings")
    if error.code() in _SETTINGS:
        return InvalidSettings(f"{text}. Check the Kafka settings (`flowguard config`) and the broker's permissions")
    return BrokerUnavailable(f"{text}. Check that the broker runs (`flowguard status`); it is safe to try again")


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Translate what the block raises."""
    try:
        yield
    except KafkaException as error:
        raise translate(error.args[0], doing) from error


def patiently(ask: Callable[[], Answer], patience: float) -> Answer:
    """Ask again, for ``patience`` seconds, while a partition that was just created or moved is not known everywhere."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return ask()
        except FlowGuardError as error:
            cause = error.__cause__
            unsettled = isinstance(cause, KafkaException) and cause.args[0].code() in _UNSETTLED
            if not unsettled or time.monotonic() > deadline:
                raise
            time.sleep(_ASK_AGAIN_SECONDS)
