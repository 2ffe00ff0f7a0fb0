"""``POST /v1/events``: the hot route, plain ASGI in front of the framework."""

import time
from asyncio import Future
from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from flowguard.errors import BrokerUnavailable
from flowguard.events.rules import Limits
from flowguard.gateway import answer
from flowguard.gateway.access import Access
from flowguard.gateway.answer import RETRY_AFTER, Answer, Entry
from flowguard.gateway.body import read_body
from flowguard.gateway.ingest import Accepted, Judge, Record, Verdict, rejection
from flowguard.gateway.metrics import Metrics
from flowguard.gateway.sink import Outcome, Sink
from flowguard.gateway.split import TooManyEvents
from flowguard.settings import Settings

PATH = "/v1/events"
_JSON = (b"content-type", b"application/json")


class EventsRoute:
    """Judges the events of a request, stores events and refusals, and answers when Kafka has acknowledged."""

    def __init__(self, settings: Settings, sink: Sink, metrics: Metrics) -> None:
        self._sink = sink
        self._metrics = metrics
        self._access = Access(settings)
        limits = Limits(settings.start, settings.currency, settings.future_tolerance)
        self._judge = Judge(limits, settings.orders_topic, settings.clicks_topic)
        self._rejected_topic = settings.rejected_topic
        self._max_body = settings.gateway_max_body_bytes
        self._max_batch = min(settings.gateway_max_batch, settings.gateway_max_pending)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        started = time.monotonic()
        headers: dict[str, str] = {}
        try:
            status, body = await self._take(scope, receive, started)
        except ClientDisconnect:
            return
        except HTTPException as error:
            status, body, headers = error.status_code, answer.declined(error.detail), dict(error.headers or {})
        except BrokerUnavailable as error:
            status, body = 503, answer.declined(str(error))
        if status in (503, 504):
            headers["Retry-After"] = str(RETRY_AFTER)
        self._metrics.answered(status, body, time.monotonic() - started)
        await _respond(send, status, body, headers)

    async def _take(self, scope: Any, receive: Any, now: float) -> tuple[int, Answer]:
        if scope["method"] != "POST":
            raise HTTPException(405, "send events with POST", {"Allow": "POST"})
        client = self._access.admit(scope, now)
        entries, outcomes = self._hand_over(await read_body(scope["headers"], receive, self._max_body), client, now)
        return answer.to(entries, await outcomes)

    def _hand_over(self, body: bytes, client: str, now: float) -> tuple[list[Entry], "Future[list[Outcome]]"]:
        """Judge and store. What awaits Kafka afterwards is an entry for each event, no longer the body."""
        received_at = datetime.now(UTC)
        try:
            verdicts = self._judge.body(body, received_at.replace(tzinfo=None), self._max_batch)
        except TooManyEvents:
            self._access.rate.charge(client, self._max_batch, now)
            raise HTTPException(413, f"at most {self._max_batch} events are taken in one request") from None
        self._access.rate.charge(client, len(verdicts), now)
        records = [self._record(verdict, client, received_at) for verdict in verdicts]
        return [answer.entry(verdict) for verdict in verdicts], self._sink.send(records)

    def _record(self, verdict: Verdict, client: str, received_at: datetime) -> Record:
        if isinstance(verdict, Accepted):
            return verdict.record
        return rejection(verdict, self._rejected_topic, client, received_at)


async def _respond(send: Any, status: int, body: Answer, headers: dict[str, str]) -> None:
    content = answer.encode(body)
    fields = [_JSON, (b"content-length", str(len(content)).encode())]
    fields += [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": content})
