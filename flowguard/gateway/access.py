"""Who may send and ask: the API key, the origin of the page, the rate."""

import hmac
import math
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException

from flowguard.gateway.rate import RateLimit
from flowguard.settings import Settings

Scope = Any
_BEARER = b"bearer "


class Access:
    """The guard at a door: that of ``/v1/events``, or that of sessions."""

    def __init__(self, settings: Settings) -> None:
        self._keys = [key.get_secret_value().encode() for key in settings.gateway_api_keys]
        self._origins = frozenset(settings.gateway_cors_origins)
        self.rate = RateLimit(settings.gateway_rate_limit)

    def admit(self, scope: Scope, now: float) -> str:
        """The client's name: its key's number where keys are asked for, its address otherwise.

        Raises:
            HTTPException: 401, 403 or 429.
        """
        key, origin, host = _headers(scope["headers"])
        if origin is not None:
            self._refuse_foreign_page(origin.decode("latin-1"), host.decode("latin-1"))
        client = self._client(scope, key)
        if wait := self.rate.wait(client, now):
            seconds = str(math.ceil(wait))
            raise HTTPException(429, f"too many at once: wait {seconds} s", {"Retry-After": seconds})
        return client

    def _client(self, scope: Scope, given: bytes) -> str:
        if self._keys:
            # All are compared, so that the time tells nothing.
            matches = [hmac.compare_digest(given, key) for key in self._keys]
            if not any(matches):
                raise HTTPException(401, "an API key is needed: header X-API-Key", {"WWW-Authenticate": "Bearer"})
            return f"key {matches.index(True) + 1}"
        return scope["client"][0] if scope.get("client") else "unknown"

    def _refuse_foreign_page(self, origin: str, host: str) -> None:
        """A browser sends some requests of any page anywhere; only who may read the answer may send."""
        if origin not in self._origins and _host_of(origin) != host:
            raise HTTPException(403, f"pages of {origin} may not send or ask here")


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # such as http://[
        return None


def _headers(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes, bytes | None, bytes]:
    key, origin, host = b"", None, b""
    for name, value in headers:
        if name == b"x-api-key":
            key = value
        elif name == b"authorization" and value[: len(_BEARER)].lower() == _BEARER:
            key = key or value[len(_BEARER) :].strip()
        elif name == b"origin":
            origin = value
        elif name == b"host":
            host = value
    return key, origin, host
