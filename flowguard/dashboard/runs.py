"""The last runs, as Dagster's webserver tells them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import streamlit as st

from flowguard.dashboard import source
from flowguard.errors import PlatformFailed
from flowguard.local import webserver

MOST = 10
PATIENCE_SECONDS = 2.0
_RUNS = "query ($most: Int!) { runsOrError(limit: $most) { ... on Runs { results { %s } } } }"
_FIELDS = "runId jobName status startTime endTime"


class Run(NamedTuple):
    """``began`` and ``ended`` are UTC."""

    status: str
    job: str
    began: datetime | None
    ended: datetime | None
    link: str


@st.cache_data(ttl=source.KEPT_SECONDS, show_spinner=False)
def last_runs() -> Sequence[Run] | str:
    """The newest first; a sentence if the webserver cannot be asked."""
    settings = source.settings()
    try:
        answer = webserver.ask(settings, _RUNS % _FIELDS, {"most": MOST}, PATIENCE_SECONDS)
    except PlatformFailed as error:
        return str(error)
    return [
        Run(
            run["status"].lower().replace("_", " "),
            run["jobName"],
            _instant(run["startTime"]),
            _instant(run["endTime"]),
            f"{settings.webserver_page}/runs/{run['runId']}",
        )
        for run in answer["runsOrError"].get("results", [])
    ]


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
