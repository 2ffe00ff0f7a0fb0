"""Who may look: people who know the password, or whom a proxy has let in."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from flowguard.settings import Settings

HEALTH = "/_stcore/health"
COOKIE = "flowguard_dashboard"
WRONG_SECONDS = 1.0
"""A wrong password is answered this late."""
_LARGEST_FORM = 4_096
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>FlowGuard</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root {{ color-scheme: light dark; font-family: system-ui, sans-serif; }}
form {{ max-width: 20rem; margin: 20vh auto 0; padding: 0 1rem; display: grid; gap: .8rem; }}
h1 {{ font-size: 1.3rem; margin: 0; }} input, button {{ font: inherit; padding: .5rem .7rem; }}
</style></head><body><form method="post"><h1>FlowGuard dashboard</h1>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus>
<button>Open</button><p role="alert">{message}</p></form></body></html>"""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGI = Callable[[Scope, Receive, Send], Awaitable[None]]


class Access:
    """ASGI middleware: pages, downloads and the websocket are behind it; only the question after its health is not."""

    def __init__(self, app: ASGI, settings: Settings) -> None:
        password = settings.dashboard_password
        self._app = app
        self._password = password.get_secret_value().encode() if password else None
        self._header = settings.dashboard_user_header

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["path"] == HEALTH:
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        if self._header and not connection.headers.get(self._header):
            await _refuse(scope, receive, send, PlainTextResponse("the proxy has to name the user", 401))
        elif self._password and not self._knows(connection, self._password):
            await _refuse(scope, receive, send, await self._ask(scope, receive, self._password))
        else:
            await self._app(scope, receive, send)

    def _knows(self, connection: HTTPConnection, password: bytes) -> bool:
        return _same(connection.cookies.get(COOKIE, "").encode(), _token(password))

    async def _ask(self, scope: Scope, receive: Receive, password: bytes) -> Response:
        """The form, or what follows from it."""
        if scope["type"] != "http" or scope["method"] != "POST":
            return HTMLResponse(_PAGE.format(message=""), 401)
        request = Request(scope, receive)
        if not _same(await _given(request), password):
            await asyncio.sleep(WRONG_SECONDS)
            return HTMLResponse(_PAGE.format(message="That is not the password."), 401)
        here = "/" + request.url.path.lstrip("/")  # two slashes would lead to another host
        answer = RedirectResponse(f"{here}?{request.url.query}", 303)
        answer.set_cookie(
            COOKIE, _token(password).decode(), httponly=True, samesite="strict", secure=request.url.scheme == "https"
        )
        return answer


def _same(given: bytes, wanted: bytes) -> bool:
    """In a time that tells nothing."""
    return hmac.compare_digest(sha256(given).digest(), sha256(wanted).digest())


def _token(password: bytes) -> bytes:
    """What a browser keeps instead of the password; another password makes it worthless."""
    return hmac.new(password, b"flowguard dashboard", sha256).hexdigest().encode()


async def _given(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_FORM:
            return b""
    return parse_qs(body.decode(errors="replace")).get("password", [""])[0].encode()


async def _refuse(scope: Scope, receive: Receive, send: Send, answer: Response) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
    else:
        await answer(scope, receive, send)
