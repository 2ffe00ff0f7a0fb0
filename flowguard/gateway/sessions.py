"""``GET /v1/sessions/{session_id}/events``: a page sees its own events arrive in the tables, and nobody else's."""

import logging
import re
import time

import msgspec
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from flowguard.errors import FlowGuardError
from flowguard.gateway.access import Access
from flowguard.gateway.answer import RETRY_AFTER
from flowguard.gateway.reader import SessionReader
from flowguard.settings import PREFIX, Settings

PATH = "/v1/sessions/{session_id}/events"
STATUS_CODES = {
    200: "The events of this session that are in the tables; none, if nothing is known of it",
    400: "The session id is not a random UUID (version 4, lower case)",
    401: "The API key is missing or unknown",
    403: "The page that asks is of an origin that is not allowed",
    404: "This gateway does not read the tables",
    429: "Too many requests: wait as long as Retry-After says",
    503: "There are no tables yet, or they are busy: ask again as soon as Retry-After says",
}
_RANDOM_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)
_log = logging.getLogger(__name__)


class Problem(Struct, frozen=True):
    """Why there is no answer."""

    message: str


class SessionsRoute:
    """Answers with what the tables hold of one session. Who knows its id, which cannot be guessed, may ask."""

    def __init__(self, settings: Settings) -> None:
        self._shows = settings.gateway_show_events
        # Of its own, so that looking never keeps anybody from sending; the limit is the same.
        self._access = Access(settings)
        self._reader = SessionReader(settings)
        self.close = self._reader.close

    async def answer(self, request: Request) -> Response:
        try:
            self._admit(request)
            return _json(await self._reader.seen(_session_id(request)))
        except HTTPException as error:
            return _json(Problem(error.detail), error.status_code, dict(error.headers or {}))
        except FlowGuardError as error:
            _log.info("a session cannot be read: %s", error)
            # The error itself names places on this machine.
            told = Problem("the tables cannot be read just now; events are taken in all the same")
            return _json(told, 503, {"Retry-After": str(RETRY_AFTER)})

    def _admit(self, request: Request) -> None:
        now = time.monotonic()
        client = self._access.admit(request.scope, now)
        self._access.rate.charge(client, 1, now)
        if not self._shows:
            raise HTTPException(404, f"this gateway does not read the tables: {PREFIX}GATEWAY_SHOW_EVENTS is off")


def _session_id(request: Request) -> str:
    session_id: str = request.path_params["session_id"]
    if not _RANDOM_UUID.fullmatch(session_id):
        raise HTTPException(400, "a session id is a random UUID (version 4), in lower case")
    return session_id


def _json(content: Struct, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    own = {"Cache-Control": "no-store", **(headers or {})}
    return Response(msgspec.json.encode(content), status, own, media_type="application/json")
