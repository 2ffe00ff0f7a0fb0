"""What waits in Kafka: how many records, and for how long the oldest of them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

import streamlit as st

from flowguard.dashboard import source
from flowguard.errors import BrokerUnavailable, FlowGuardError
from flowguard.local import ready
from flowguard.rounds.lateness import waiting_for
from flowguard.rounds.progress import positions


class Lag(NamedTuple):
    """Of a topic: records that Kafka holds, those not ingested yet, and the age of the oldest of these."""

    topic: str
    held: int
    records: int
    waiting: timedelta


@st.cache_data(ttl=source.KEPT_SECONDS, show_spinner=False)
def lags() -> Sequence[Lag] | str:
    """Of each topic; a sentence if Kafka cannot be asked."""
    try:
        return _ask()
    except FlowGuardError as error:
        return str(error)


def longest(found: Sequence[Lag] | str) -> timedelta | None:
    """How long the oldest record of all has been waiting; None: unknown."""
    return None if isinstance(found, str) else max((lag.waiting for lag in found), default=timedelta(0))


def _ask() -> list[Lag]:
    settings, warehouse = source.settings(), source.warehouse()
    if ready.broker(settings):  # sooner known than a client's own patience is over
        raise BrokerUnavailable(f"Kafka does not answer on {settings.kafka_bootstrap_servers}")
    broker = source.broker()
    with warehouse.session() as session:
        following = {(p.topic, p.partition): p.next_offset for p in positions(session)}
    watermarks, waiting = broker.watermarks(), waiting_for(settings, warehouse, broker)
    found = []
    for topic in settings.topics:
        own = {place: marks for place, marks in watermarks.items() if place.topic == topic}
        held = sum(marks.high - marks.low for marks in own.values())
        behind = sum(max(0, m.high - following.get((topic, tp.partition), m.low)) for tp, m in own.items())
        found.append(Lag(topic, held, behind, waiting[topic]))
    return found
