"""What no client library sends: the gateway as it is served answers it, or closes the connection, and serves on."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random

import httpx
import msgspec
import pytest

from flowguard.events.rejected import RejectedEvent
from flowguard.settings import Settings
from flowguard_tests.fuzz.payloads import Payloads
from flowguard_tests.gateway.conftest import Stored
from flowguard_tests.gateway.examples import click, encoded

GOOD = encoded(click(event_id="good"))
LENGTH = b"Content-Length: %d\r\n" % len(GOOD)


@contextmanager
def connection(client: httpx.Client) -> Iterator[socket.socket]:
    with socket.create_connection((client.base_url.host, client.base_url.port or 80), timeout=30) as raw:
        yield raw


def answered(client: httpx.Client, head: bytes, body: bytes = b"") -> list[int]:
    """The status codes that come before the gateway closes the connection."""
    with connection(client) as raw:
        raw.sendall(head + b"\r\n" + body)
        received = b"".join(iter(lambda: raw.recv(65_536), b""))
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3})", received)]


def post(*headers: bytes) -> bytes:
    return b"POST /v1/events HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n" + b"".join(headers)


@pytest.mark.parametrize(
    ("head", "body", "codes"),
    [
        (post(LENGTH), GOOD, [200]),
        (post(b"Content-Length: abc\r\n"), GOOD, [400]),
        (post(b"Content-Length: -5\r\n"), GOOD, [400]),
        (post(b"Content-Length: 99999999999999999999999\r\n"), GOOD, [400]),
        (post(b"Content-Length: 2000000\r\n"), GOOD, [413]),
        (post(b"Content-Length: 5\r\n"), GOOD, [400]),
        (post(LENGTH, b"Content-Length: 3\r\n"), GOOD, [400]),
        (post(), GOOD, [400]),
        (post(LENGTH, b"Content-Encoding: gzip\r\n"), GOOD, [200]),
        (post(LENGTH, b"Content-Type: image/png\r\n"), GOOD, [200]),
        (post(LENGTH, b"Expect: 100-continue\r\n"), GOOD, [100, 200]),
        (post(LENGTH, b"Origin: http://[\r\n"), GOOD, [403]),
        (post(LENGTH, b"X: \xff\xfe\r\n"), GOOD, [200]),
        (post(LENGTH, b"No colon\r\n"), GOOD, [400]),
        (post(b"Transfer-Encoding: chunked\r\n"), b"%x\r\n%b\r\n0\r\n\r\n" % (len(GOOD), GOOD), [200]),
        (post(b"Transfer-Encoding: chunked\r\n"), b"zz\r\n%b\r\n0\r\n\r\n" % GOOD, [400]),
        (b"BREW /v1/events HTTP/1.1\r\nHost: gateway\r\n", b"", [400]),
        (b"PUT /v1/events HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n" + LENGTH, GOOD, [405]),
        (b"GET /%00%ff HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n", b"", [404]),
        (b"\x16\x03\x01\x02", b"", [400]),
    ],
    ids=lambda value: str(value)[-30:] if isinstance(value, bytes) and GOOD not in value else "",
)
def test_broken_http(gateway: httpx.Client, head: bytes, body: bytes, codes: list[int]) -> None:
    assert answered(gateway, head, body) == codes
    assert gateway.post("/v1/events", content=GOOD).status_code == 200


def test_a_client_that_goes_away_in_mid_body_leaves_nothing(
    gateway: httpx.Client, stored: Stored, settings: Settings
) -> None:
    chunked = post(b"Transfer-Encoding: chunked\r\n") + b"\r\n%x\r\n%b\r\n" % (len(GOOD), GOOD)
    for request in (chunked, *(post(LENGTH) + b"\r\n" + GOOD[:cut] for cut in (0, 1, 50, len(GOOD) - 1))):
        with connection(gateway) as raw:
            raw.sendall(request)
            raw.shutdown(socket.SHUT_WR)
            assert raw.recv(100) == b""
    assert gateway.post("/v1/events", content=GOOD).status_code == 200
    assert [len(stored(topic)) for topic in settings.topics] == [0, 1, 0]


def test_any_payload_ends_where_the_answer_says(gateway: httpx.Client, stored: Stored, settings: Settings) -> None:
    """The fuzzed edge again, over a real server and a real broker."""
    drawn = Payloads(Random(7), datetime.now(UTC).replace(tzinfo=None)).some(400)
    bodies = [body for body in drawn if b'"events"' not in body and body.lstrip(b" \t\r\n")[:1] != b"["]
    answers = [gateway.post("/v1/events", content=body) for body in bodies]
    assert {answer.status_code for answer in answers} == {200, 400, 422}
    accepted = [body for body, answer in zip(bodies, answers, strict=True) if answer.status_code == 200]
    kept = [value for topic in (settings.orders_topic, settings.clicks_topic) for _, value in stored(topic)]
    assert sorted(kept) == sorted(accepted)
    rejected = [msgspec.json.decode(value, type=RejectedEvent) for _, value in stored(settings.rejected_topic)]
    refused = [body for body, answer in zip(bodies, answers, strict=True) if answer.status_code != 200]
    assert sorted(event.payload for event in rejected) == sorted(refused)
