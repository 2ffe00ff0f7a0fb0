"""What waits in Kafka: how many records, and for how long the oldest of them."""

from collections.abc import Sequence
from datetime import timedelta

import streamlit as st

from flowguard.dashboard import source
from flowguard.errors import BrokerUnavailable, FlowGuardError
from flowguard.local import ready
from flowguard.rounds.lateness import Verdict, look


@st.cache_data(ttl=source.KEPT_SECONDS, show_spinner=False)
def verdicts() -> Sequence[Verdict] | str:
    """On each topic; a sentence if Kafka cannot be asked."""
    settings = source.settings()
    try:
        if ready.broker(settings):  # sooner known than a client's own patience is over
            raise BrokerUnavailable(f"Kafka does not answer on {settings.kafka_bootstrap_servers}")
        return look(settings, source.warehouse(), source.broker())
    except FlowGuardError as error:
        return str(error)


def longest(found: Sequence[Verdict] | str) -> timedelta | None:
    """How long the oldest record of all has been waiting; None: unknown."""
    if isinstance(found, str):
        return None
    return timedelta(seconds=max((verdict.lag_seconds for verdict in found), default=0.0))
