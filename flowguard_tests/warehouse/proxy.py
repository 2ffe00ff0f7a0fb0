"""A proxy between the connector and a server, which counts what is sent, cuts connections, and answers by itself.

It reads whole requests, because only then it is known which statement is to be cut; the cut itself is of the sockets:
the server has half a request then, or the connector no answer.
"""

import gzip
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

Cut = Literal["request", "answer"]
UPLOAD, LOGIN = "the upload's bytes", "the login"


class Refusal(NamedTuple):
    """What Snowflake answers instead, by its own number."""

    code: int
    message: str


@dataclass
class Proxy:
    """``fault`` is asked for each statement what becomes of it, and ``down`` lets nothing through."""

    endpoint: str
    fault: Callable[[str], Cut | Refusal | None] = lambda _: None
    down: bool = False
    sent: list[str] = field(default_factory=list)
    """The statements that came, uploads and logins among them."""
    tags: dict[str, str] = field(default_factory=dict)
    """The QUERY_TAG that a statement came with."""

    def cut_once(self, beginning: str, cut: Cut, *, for_long: bool) -> None:
        """Cut the next statement that begins so; ``for_long``: whatever follows is cut too, until that is healed."""

        def fault(statement: str) -> Cut | None:
            if not statement.startswith(beginning):
                return None
            self.fault, self.down = (lambda _: None), for_long
            return cut

        self.fault = fault

    def refuse(self, beginning: str, refusal: Refusal, *, once: bool = False) -> None:
        """Answer each statement that begins so, or only the next one, with an error."""

        def fault(statement: str) -> Refusal | None:
            if not statement.startswith(beginning):
                return None
            if once:
                self.heal()
            return refusal

        self.fault = fault

    def heal(self) -> None:
        self.fault, self.down = (lambda _: None), False


@contextmanager
def proxy_to(endpoint: str) -> Iterator[Proxy]:
    """A proxy in front of a server, on a port of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.proxy = Proxy(f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
    server.behind = (urlsplit(endpoint).hostname, urlsplit(endpoint).port)  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.proxy  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    """HTTP/1.0: a connection for each request."""

    def do_POST(self) -> None:
        proxy: Proxy = self.server.proxy  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if proxy.down:
            return
        statement = self._statement(body)
        proxy.sent.append(statement)
        fault = proxy.fault(statement)
        if isinstance(fault, Refusal):
            self._refuse(fault)
        else:
            answer = self._ask(body, half=fault == "request")
            if fault is None:
                self.wfile.write(answer)

    do_PUT = do_GET = do_POST

    def _ask(self, body: bytes, *, half: bool) -> bytes:
        """What the server answers; nothing to half a request."""
        headers = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items() if name != "Connection")
        head = f"{self.command} {self.path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n".encode()
        with socket.create_connection(self.server.behind) as server:  # type: ignore[attr-defined]
            if half:
                server.sendall(head + body[: len(body) // 2])
                return b""
            server.sendall(head + body)
            return b"".join(iter(lambda: server.recv(65536), b""))

    def _statement(self, body: bytes) -> str:
        if self.command == "PUT":
            return UPLOAD
        if "login-request" in self.path:
            return LOGIN
        text = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        told = json.loads(text or b"{}") or {}
        statement = str(told.get("sqlText", self.path)).strip()
        if tag := told.get("parameters", {}).get("QUERY_TAG"):
            self.server.proxy.tags[statement] = tag  # type: ignore[attr-defined]
        return statement

    def _refuse(self, refusal: Refusal) -> None:
        code = f"{refusal.code:06d}"
        told = {"data": {"errorCode": code}, "code": code, "message": refusal.message, "success": False}
        text = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""
