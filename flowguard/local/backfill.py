"""A backfill as a run of the platform that is up: launched, followed and cancelled by the webserver's GraphQL."""

import time
from collections.abc import Callable, Collection
from datetime import date
from typing import Any

from flowguard.errors import PlatformFailed
from flowguard.local.webserver import ask
from flowguard.settings import Settings

_ASK_AGAIN_SECONDS = 0.5
_LAUNCH_SECONDS = 600.0
"""Before a run is launched, Dagster writes down each partition that it is going to rebuild."""
_ANSWER_SECONDS = 60.0
"""A page of the log of a long backfill is large."""
_LONGEST_CANCEL_SECONDS = 120.0
_MOST_AT_ONCE = 1000
_REPOSITORIES = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } } }"
_LAUNCH = """
mutation ($params: ExecutionParams!) { launchRun(executionParams: $params) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } } ... on PipelineNotFoundError { message } } }
"""
_STATUS = "query ($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"
_LOG = """
query ($run: ID!, $cursor: String, $limit: Int) {
    logsForRun(runId: $run, afterCursor: $cursor, limit: $limit) { ... on EventConnection { cursor hasMore events {
        __typename ... on MessageEvent { message level }
        ... on ExecutionStepFailureEvent { failureMetadata { description } error { message } } } } }
}
"""
_CANCEL = "mutation ($run: String!) { terminateRun(runId: $run, terminatePolicy: SAFE_TERMINATE) { __typename } }"
ENGINE_TAG = "flowguard/engine"
"""Tag of a run that says which engine computes its days: warehouse or spark."""
_ENDED = {"SUCCESS", "FAILURE", "CANCELED"}
_OF_PEOPLE = {"INFO", "WARNING"}


def launch(
    settings: Settings, tables: Collection[str], first: date, last: date, engine: str | None = None
) -> "Launched":
    """Launch a single run that rebuilds days of tables, by an engine or by the one that the settings say.

    Raises:
        PlatformFailed: the webserver did not answer, or did not launch it.
    """
    [repository, *_] = ask(settings, _REPOSITORIES)["repositoriesOrError"].get("nodes") or [None]
    if repository is None:
        raise PlatformFailed("Dagster's webserver knows no definitions yet; try again in a moment")
    params = {
        "selector": {
            "repositoryName": repository["name"],
            "repositoryLocationName": repository["location"]["name"],
            "jobName": "__ASSET_JOB",
            "assetSelection": [{"path": table.split(".")} for table in tables],
        },
        "runConfigData": {},
        "executionMetadata": {
            "tags": [
                {"key": "dagster/asset_partition_range_start", "value": str(first)},
                {"key": "dagster/asset_partition_range_end", "value": str(last)},
                *([{"key": ENGINE_TAG, "value": engine}] if engine else []),
            ]
        },
    }
    answer = ask(settings, _LAUNCH, {"params": params}, _LAUNCH_SECONDS)["launchRun"]
    if "run" not in answer:
        told = [answer.get("message"), *(error["message"] for error in answer.get("errors", ()))]
        raise PlatformFailed(f"Dagster did not launch the backfill ({answer['__typename']}): {told}")
    return Launched(settings, str(answer["run"]["runId"]))


class Launched:
    """A run, and how much of its log was read."""

    def __init__(self, settings: Settings, run_id: str) -> None:
        self._settings, self._run_id = settings, run_id
        self._cursor: str | None = None
        self._reported = 0

    @property
    def page(self) -> str:
        """Where people see it."""
        return f"http://127.0.0.1:{self._settings.webserver_port}/runs/{self._run_id}"

    def follow(self, *, on_message: Callable[[str], None], on_reported: Callable[[int], None]) -> None:
        """Wait until it has ended; tells what it says of itself, and how many partitions it has reported so far.

        Raises:
            PlatformFailed: it failed, with what it said, or was cancelled.
        """
        why = ""
        while True:
            status, events, has_more = self._news()
            for event in events:
                if event["__typename"] == "LogMessageEvent" and event["level"] in _OF_PEOPLE:
                    on_message(event["message"])
                why = _failure(event) or why
                self._reported += event["__typename"] == "MaterializationEvent"
            on_reported(self._reported)
            if status in _ENDED and not has_more:
                break
            if not has_more:
                time.sleep(_ASK_AGAIN_SECONDS)
        if status != "SUCCESS":
            raise PlatformFailed(why or f"the run ended with {status}: look at {self.page}")

    def cancel(self) -> None:
        """Have it stopped, where nothing is half done; `follow` tells when it is. Asks again while it still starts."""
        deadline = time.monotonic() + _LONGEST_CANCEL_SECONDS
        while time.monotonic() < deadline:
            status = ask(self._settings, _STATUS, {"run": self._run_id}, _ANSWER_SECONDS)["runOrError"].get("status")
            if status == "CANCELING" or status in _ENDED:
                return
            ask(self._settings, _CANCEL, {"run": self._run_id}, _ANSWER_SECONDS)
            time.sleep(_ASK_AGAIN_SECONDS)

    def _news(self) -> tuple[str | None, list[dict[str, Any]], bool]:
        """The run's status, asked before its log, the next events of that, and whether there are more."""
        given = {"run": self._run_id, "cursor": self._cursor, "limit": _MOST_AT_ONCE}
        status = ask(self._settings, _STATUS, given, _ANSWER_SECONDS)["runOrError"].get("status")
        page = ask(self._settings, _LOG, given, _ANSWER_SECONDS)["logsForRun"]
        self._cursor = page["cursor"]
        return status, page["events"], page["hasMore"]


def _failure(event: dict[str, Any]) -> str:
    """Why a run failed, where this event tells it: in words that were meant for people, if there are some."""
    if event["__typename"] != "ExecutionStepFailureEvent":
        return ""
    meant = event["failureMetadata"] or {}
    return str(meant.get("description") or (event["error"] or {}).get("message", ""))
