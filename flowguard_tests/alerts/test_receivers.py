"""Receivers: every one is asked by apprise, in bounded time, and none of its secrets is shown."""

import logging
import socket
import time
from collections.abc import Iterator
from io import StringIO
from threading import Thread

import pytest

from flowguard.alerts import receivers as module
from flowguard.alerts.message import Message
from flowguard.alerts.receivers import Receiver, receivers
from flowguard.settings import load_settings
from flowguard_tests.alerts.inbox import inbox

HELLO = Message("FlowGuard: hello", "- Run: http://127.0.0.1:3000/runs/a_b?x=1&y=2", "info")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("json://127.0.0.1:9/a-secret-path?+Authorization=a-secret-header", "json://127.0.0.1/****"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/", "slack://****"),
        ("mailtos://ann:a-secret@mail.example.com?to=ops@example.com", "mailtos://mail.example.com/****"),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js/", "discord://****"),
        ("nonsense://a-secret/", "nonsense://****"),
    ],
)
def test_what_is_shown_of_a_url_is_no_secret(url: str, shown: str) -> None:
    assert Receiver(url).address == shown


def test_links_arrive_as_they_are() -> None:
    with inbox() as box:
        assert Receiver(box.url).send(HELLO) is None
        assert box.messages[0]["message"] == HELLO.body


@pytest.fixture
def logged() -> Iterator[StringIO]:
    """What a program logs; pytest's own capturing also has what goes nowhere."""
    text = StringIO()
    handler = logging.StreamHandler(text)
    logging.getLogger().addHandler(handler)
    yield text
    logging.getLogger().removeHandler(handler)


def test_why_it_failed_is_told_without_secrets(logged: StringIO) -> None:
    """Nor does the log name them: apprise's own does, for a URL that it does not know."""
    with inbox() as box:
        box.manner = "refuses"
        error = Receiver(box.url.replace("/inbox", "/a-secret-path")).send(HELLO)
    assert error and "500" in error
    away = Receiver("json://127.0.0.1:9/a-secret-path").send(HELLO)
    assert away and "127.0.0.1" in away
    assert "secret" not in error + away
    assert Receiver("nonsense://a-secret/").send(HELLO) == (
        "apprise knows no such URL: see its list of services for how this one is written"
    )
    assert "secret" not in logged.getvalue()


def test_one_that_answers_drop_by_drop_is_left_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                for _ in range(100):
                    try:
                        connection.sendall(b".")
                    except OSError:
                        return
                    time.sleep(0.05)

        Thread(target=drip, daemon=True).start()
        receiver = Receiver(f"json://127.0.0.1:{server.getsockname()[1]}/")
        assert receiver.send(HELLO) == "no answer within 0 s"
        assert receiver.send(HELLO) == "it still has not answered the last message"


def test_the_settings_name_them(monkeypatch: pytest.MonkeyPatch) -> None:
    urls = "mailto://a:b@example.com?to=c@example.com,d@example.com, json://127.0.0.1/x"
    monkeypatch.setenv("FLOWGUARD_ALERT_URLS", urls)
    assert [each.address for each in receivers(load_settings())] == [
        "mailto://example.com/****",
        "json://127.0.0.1/****",
    ]
