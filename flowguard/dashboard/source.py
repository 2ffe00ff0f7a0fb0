"""What the pages read from: one read-only warehouse and one Kafka client, shared by all who look.

Answers are kept for a few seconds, so many readers cost hardly more than one, and writers are never held up.
"""

from datetime import UTC, datetime

import polars as pl
import streamlit as st

from flowguard.dashboard.filters import Days
from flowguard.dashboard.query import Query
from flowguard.kafka.broker import Broker
from flowguard.settings import Settings, load_settings
from flowguard.warehouse import Warehouse, open_warehouse

KEPT_SECONDS = 8
MOST_ANSWERS = 300


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    return load_settings()


@st.cache_resource(show_spinner=False)
def warehouse() -> Warehouse:
    """Raises InvalidInput if there is none in the home yet."""
    return open_warehouse(settings(), read_only=True)


@st.cache_resource(show_spinner=False)
def broker() -> Broker:
    return Broker(settings())


def ask(query: Query, days: Days) -> pl.DataFrame:
    """The rows, at most a few seconds old.

    Raises:
        InvalidInput: a table is not there yet.
    """
    return rows(query.text(days))


@st.cache_data(ttl=KEPT_SECONDS, max_entries=MOST_ANSWERS, show_spinner=False)
def rows(sql: str) -> pl.DataFrame:
    return warehouse().query(sql)


def now() -> datetime:
    """Naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)
