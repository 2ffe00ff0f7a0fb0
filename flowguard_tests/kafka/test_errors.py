"""Every error of Kafka's becomes one of FlowGuard's, at one boundary."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from flowguard.errors import BrokerUnavailable, FlowGuardError, InvalidSettings, OffsetGap, TopicMisconfigured
from flowguard.kafka.errors import translated

CODES = sorted({code for name in dir(KafkaError) if isinstance(code := getattr(KafkaError, name), int) and code != 0})


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_translated_and_says_what_was_attempted(code: int) -> None:
    said = r"reading topic orders, partition 3: .+\. \w+"
    with pytest.raises(FlowGuardError, match=said) as raised, translated("reading topic orders, partition 3"):
        raise KafkaException(KafkaError(code))
    assert isinstance(raised.value.__cause__, KafkaException)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (KafkaError._ALL_BROKERS_DOWN, BrokerUnavailable),
        (KafkaError._TIMED_OUT, BrokerUnavailable),
        (KafkaError.OFFSET_OUT_OF_RANGE, OffsetGap),
        (KafkaError.UNKNOWN_TOPIC_OR_PART, TopicMisconfigured),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, InvalidSettings),
    ],
)
def test_the_kind_says_whether_trying_again_helps(code: int, kind: type[FlowGuardError]) -> None:
    with pytest.raises(kind), translated("asking"):
        raise KafkaException(KafkaError(code))
