"""Records and progress are one transaction, and of two publishers under one id the newer one counts."""

from contextlib import closing

import pytest

from flowguard.errors import Superseded
from flowguard.kafka.publisher import Publisher
from flowguard.kafka.sender import Record
from flowguard.settings import Settings
from flowguard_tests.rounds.published import published


def test_progress_is_that_of_the_last_transaction(settings: Settings) -> None:
    topic = settings.attributed_topic
    with closing(Publisher(settings, topic, topic)) as first:
        assert first.progress() is None
        first.publish([Record(b"k", b'{"number": 1}'), Record(b"l", b'{"number": 2}')], 2)
        first.publish([], 3)
    with closing(Publisher(settings, topic, topic)) as again:
        assert again.progress() == 3
    assert sorted(row["number"] for row in published(settings)) == [1, 2]


def test_a_transaction_that_is_not_committed_leaves_nothing(settings: Settings) -> None:
    topic = settings.attributed_topic
    left = Publisher(settings, topic, topic)
    left._producer.begin_transaction()
    left._producer.produce(topic, b'{"left": true}')
    left._producer.flush(10)
    with closing(Publisher(settings, topic, topic)) as new:
        assert new.progress() is None
    assert published(settings) == []


def test_who_is_superseded_cannot_publish(settings: Settings) -> None:
    topic = settings.attributed_topic
    with closing(Publisher(settings, topic, topic)) as old, closing(Publisher(settings, topic, topic)) as new:
        assert new.progress() is None
        new.publish([Record(b"k", b'{"new": true}')], 7)
        with pytest.raises(Superseded, match="another process"):
            old.publish([Record(b"k", b'{"old": true}')], 8)
        assert new.progress() == 7
    assert published(settings) == [{"new": True}]
