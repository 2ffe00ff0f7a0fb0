"""The state of the tables, which the trust marks tell: asked once for all charts, at most a few seconds old."""

import time
from datetime import timedelta

import streamlit as st

from flowguard.dashboard import source
from flowguard.dashboard.lag import longest, verdicts
from flowguard.dashboard.trust import Dirty, Failing, State

COMMITTED = "SELECT MAX(committed_at) FROM ops.ingest_ranges"
DIRTY = "SELECT table_name, day, MIN(version) AS version FROM ops.dirty_days GROUP BY table_name, day"
FAILING = """
SELECT table_name, check_name, day, severity, failing_rows, overridden_at IS NOT NULL
FROM ops.check_failures ORDER BY severity, table_name, check_name, day DESC
"""


class OldestChange:
    """Since when GOLD has not followed the oldest change: the table says which, not since when."""

    def __init__(self) -> None:
        self._version: int | None = None
        self._seen = time.monotonic()

    def age(self, version: int | None) -> timedelta:
        if version != self._version:
            self._version, self._seen = version, time.monotonic()
        return timedelta(0) if version is None else timedelta(seconds=time.monotonic() - self._seen)


@st.cache_resource(show_spinner=False)
def _oldest_change() -> OldestChange:
    return OldestChange()


@st.cache_data(ttl=source.KEPT_SECONDS / 2, show_spinner=False)
def state() -> State:
    """Raises InvalidInput if there is no warehouse yet."""
    dirty = source.rows(DIRTY)
    return State(
        at=source.now(),
        committed_at=source.rows(COMMITTED).item(),
        waiting=longest(verdicts()),
        gold_behind=_oldest_change().age(None if dirty.is_empty() else int(dirty["version"].min())),  # type: ignore[arg-type]
        dirty=[Dirty(table, day) for table, day, _ in dirty.iter_rows()],
        failing=[Failing(*row) for row in source.rows(FAILING).iter_rows()],
        limit=source.settings().freshness_limit,
    )
