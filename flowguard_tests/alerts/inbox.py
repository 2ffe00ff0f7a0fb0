"""Somebody who receives alerts: a real HTTP server, which may be away, refuse, or never answer."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Literal

Manner = Literal["takes", "refuses", "hangs"]


class Inbox:
    """What was taken, in ``messages``; ``manner`` may be changed at any time. ``asked`` counts all attempts."""

    def __init__(self, port: int) -> None:
        self.url = f"json://127.0.0.1:{port}/inbox?cto=0.5&rto=0.5"
        self.manner: Manner = "takes"
        self.messages: list[dict[str, Any]] = []
        self.asked = 0
        self.released = Event()

    @property
    def titles(self) -> list[str]:
        return [message["title"].removeprefix("FlowGuard: ") for message in self.messages]

    @property
    def ids(self) -> list[str]:
        return [re.findall(r"Id: (\w+)$", message["message"])[0] for message in self.messages]


@contextmanager
def inbox(port: int = 0) -> Iterator[Inbox]:
    """Listens until the block is left."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            box.asked += 1
            if box.manner == "hangs":
                box.released.wait(60)
                return
            if box.manner == "takes":
                box.messages.append(message)
                told = f"{datetime.now(UTC):%H:%M:%S} {message['title']}\n{message['message']}\n"
                print(told, file=sys.__stderr__)
            self.send_response(204 if box.manner == "takes" else 500)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        server.daemon_threads = True
        box = Inbox(server.server_port)
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield box
        finally:
            box.released.set()
            server.shutdown()
