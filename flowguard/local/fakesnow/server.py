"""Become fakesnow's server: ``python server.py DIRECTORY PORT``, run by the Python of fakesnow's own environment.

Its tables are in memory, its stages in the directory. What is mended of it, where Snowflake is otherwise:

- Every NULL timestamp left it as 1970: it builds a timestamp's two numbers without telling which rows are NULL.
- It summed everything up as DOUBLE, so that texts can be: we sum up no texts, but money.
- A client that was killed left its session behind, whose open transaction stayed in the way of others for ever.
- It knew no REMOVE and no DROP DATABASE.
"""

import re
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from typing import Any

import fakesnow.arrow
import fakesnow.transforms
import fakesnow.transforms.stage
import pyarrow
import uvicorn
from fakesnow.cursor import FakeSnowflakeCursor
from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

_FOR_EVER = 10**6
_unmended = fakesnow.arrow.timestamp_to_sf_struct


def _with_nulls(times: pyarrow.ChunkedArray) -> pyarrow.StructArray:
    struct = _unmended(times)
    parts = [struct.field(number) for number in range(struct.type.num_fields)]
    return pyarrow.StructArray.from_arrays(parts, names=[part.name for part in struct.type], mask=_nulls(times))


def _nulls(times: pyarrow.ChunkedArray) -> pyarrow.BooleanArray:
    return times.combine_chunks().is_null()


_execute = FakeSnowflakeCursor.execute
_REMOVE = re.compile(r"REMOVE @([\w.]+)/(.+/)")
_DROP_DATABASE = re.compile(r"DROP DATABASE (\w+)")


def _execute_more(cursor: FakeSnowflakeCursor, command: str, *args: Any, **kwargs: Any) -> FakeSnowflakeCursor:
    if remove := _REMOVE.fullmatch(command):
        _remove(cursor, remove[1], remove[2])
        command = "SELECT 'removed' AS result"
    if drop := _DROP_DATABASE.fullmatch(command):
        cursor._duck_conn.execute(f"USE memory; DETACH {drop[1]}")
        command = "SELECT 'dropped' AS status"
    return _execute(cursor, command, *args, **kwargs)


def _remove(cursor: FakeSnowflakeCursor, stage: str, folder: str) -> None:
    parts = fakesnow.transforms.stage.parts_from_var(stage, cursor._conn.database, cursor._conn.schema)
    shutil.rmtree(fakesnow.transforms.stage.internal_dir(".".join(parts), folder), ignore_errors=True)


class _Sessions:
    """By a session's token, the connections that its requests came through, and how many of them are at work."""

    def __init__(self) -> None:
        self._connections: dict[str, set[tuple[str, int]]] = defaultdict(set)
        self._at_work: Counter[str] = Counter()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer as fakesnow does."""
        from fakesnow.server import app, sessions

        headers = Request(scope).headers if scope["type"] == "http" else {}
        token = headers.get("Authorization", "")[17:-1]
        # Whoever closes a connection after each request tells nothing by that.
        if token not in sessions or headers.get("Connection") == "close":
            await app(scope, receive, send)
            return
        self._connections[token].add(scope["client"])
        self._at_work[token] += 1
        try:
            await app(scope, receive, send)
        finally:
            self._at_work[token] -= 1
            self._end_if_gone(token)

    def lost(self, connection: tuple[str, int]) -> None:
        """A client has closed a connection, or was killed."""
        for token in [token for token, known in self._connections.items() if connection in known]:
            self._connections[token].discard(connection)
            self._end_if_gone(token)

    def _end_if_gone(self, token: str) -> None:
        """Roll back what a session has begun, once its client is gone and its last statement has ended."""
        from fakesnow.server import sessions

        if not self._connections[token] and not self._at_work[token]:
            del self._connections[token], self._at_work[token]
            if token in sessions:
                sessions.pop(token).close()


class _Protocol(H11Protocol):
    def connection_lost(self, exc: Exception | None) -> None:
        if self.client is not None:
            _sessions.lost(self.client)
        super().connection_lost(exc)


_sessions = _Sessions()

if __name__ == "__main__":
    tempfile.tempdir = sys.argv[1]  # fakesnow makes its stages' directory when its server is imported
    fakesnow.arrow.timestamp_to_sf_struct = _with_nulls
    FakeSnowflakeCursor.execute = _execute_more
    fakesnow.transforms.numeric_agg_implicit_cast = lambda expression: expression
    uvicorn.run(_sessions, host="127.0.0.1", port=int(sys.argv[2]), http=_Protocol, timeout_keep_alive=_FOR_EVER)
