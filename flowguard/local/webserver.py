"""Questions to Dagster's webserver, over its GraphQL."""

import json
import time
import urllib.request
from http.client import HTTPException
from typing import Any

from flowguard.errors import PlatformFailed
from flowguard.settings import Settings

ANSWER_SECONDS = 10.0
_ASK_AGAIN_SECONDS = 0.2

_LOCATIONS = """
{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError {
    __typename ... on PythonError { message } ... on RepositoryLocation { repositories { name } } } } } } }
"""
_DAEMONS = "{ instance { daemonHealth { allDaemonStatuses { daemonType required healthy } } } }"

_RUNS_IN_FLIGHT = """
{ runsOrError(filter: {statuses: [QUEUED, NOT_STARTED, STARTING, STARTED, CANCELING]}) {
    ... on Runs { results { runId status } } } }
"""
_TERMINATE = (
    "mutation ($ids: [String!]!) { terminateRuns(runIds: $ids, terminatePolicy: SAFE_TERMINATE) { __typename } }"
)


def ask(
    settings: Settings, query: str, variables: dict[str, Any] | None = None, patience: float = ANSWER_SECONDS
) -> dict[str, Any]:
    """The data that answers a GraphQL query, within ``patience`` seconds.

    Raises:
        PlatformFailed: it did not answer, or answered with errors.
    """
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    address = f"http://{settings.webserver_host}:{settings.webserver_port}/graphql"
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=patience) as response:
            answer = json.load(response)
    except (OSError, HTTPException, ValueError) as error:
        raise PlatformFailed(f"Dagster's webserver did not answer on {address}: {error}") from error
    if answer.get("errors"):
        raise PlatformFailed(f"Dagster's webserver refused a query: {answer['errors'][0]['message']}")
    return dict(answer["data"])


def load_error(settings: Settings) -> str | None:
    """Why the webserver has no definitions from the code server; None if it has."""
    entries = ask(settings, _LOCATIONS)["workspaceOrError"].get("locationEntries", [])
    for entry in entries:
        loaded = entry["locationOrLoadError"] or {}
        if not loaded.get("repositories"):
            return f"code location {entry['name']}: {loaded.get('message') or 'still loading'}"
    return None if entries else "no code location in the workspace"


def unhealthy_daemons(settings: Settings) -> list[str]:
    """The daemons that Dagster needs and that have not given a heartbeat lately."""
    statuses = ask(settings, _DAEMONS)["instance"]["daemonHealth"]["allDaemonStatuses"]
    return [status["daemonType"] for status in statuses if status["required"] and not status["healthy"]]


def runs_in_flight(settings: Settings) -> dict[str, str]:
    """The runs that are queued, starting, running or being cancelled: their status by id."""
    runs = ask(settings, _RUNS_IN_FLIGHT)["runsOrError"].get("results", [])
    return {run["runId"]: run["status"] for run in runs}


def cancel_runs(settings: Settings, patience: float) -> None:
    """Cancel what runs, so that it does not look failed afterwards; returns when it has ended, or out of patience."""
    deadline = time.monotonic() + patience
    while (runs := runs_in_flight(settings)) and time.monotonic() < deadline:
        # Again and again, because a run that is still starting refuses.
        if not_asked := [run for run, status in runs.items() if status != "CANCELING"]:
            ask(settings, _TERMINATE, {"ids": not_asked})
        time.sleep(_ASK_AGAIN_SECONDS)
