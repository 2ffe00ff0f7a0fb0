"""Confirmed single-event POSTs a second, as a share of what the same server does for an application without Kafka.

Same uvicorn, same client, same run, in short turns, so that what else the machine does meets both: the ratio is the
median of the rounds' ratios.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from rich.console import Console

from benchmarks._load import requests_per_second
from flowguard.kafka.broker import Broker
from flowguard.local.broker import HOST, embedded_broker
from flowguard.local.ports import free_port
from flowguard.settings import Settings, as_environment, load_settings

TARGET = 0.4
CONNECTIONS = 256
"""Enough that none of the two servers ever waits for the client, as an acknowledgement takes milliseconds."""
ROUNDS = 9
WARM_UP = 1_000
REQUESTS = {"small": 4_000, "full": 40_000}


def main() -> int:
    """Measure, print, and say by the exit code whether the target is reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=REQUESTS, default="small")
    requests = REQUESTS[parser.parse_args().size]
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bootstrap = stack.enter_context(embedded_broker(directory / "broker", free_port()))
        bare, port = free_port(), free_port()
        settings = load_settings(home=directory / "home", kafka_bootstrap_servers=bootstrap, gateway_port=port)
        stack.enter_context(_served([*_BARE, str(bare)], f"http://{HOST}:{bare}/"))
        stack.enter_context(_served(_GATEWAY, f"http://{HOST}:{port}/health/ready", as_environment(settings)))
        rates = _measure({"bare ASGI": bare, "gateway": port}, requests)
        stored = _stored(settings)
    return _report(rates, requests, stored)


def _measure(ports: dict[str, int], requests: int) -> dict[str, list[float]]:
    for port in ports.values():
        asyncio.run(requests_per_second(port, WARM_UP, CONNECTIONS))
    rates: dict[str, list[float]] = {name: [] for name in ports}
    for _ in range(ROUNDS):
        for name, port in ports.items():
            rates[name].append(asyncio.run(requests_per_second(port, requests, CONNECTIONS)))
    return rates


def _report(rates: dict[str, list[float]], requests: int, stored: int) -> int:
    console = Console()
    for name, each in rates.items():
        rounds = ", ".join(f"{rate:,.0f}" for rate in each)
        console.print(f"{name:10}{median(each):9,.0f} requests/s   (rounds: {rounds})", soft_wrap=True)
    ratio = median(ours / bare for bare, ours in zip(*rates.values(), strict=True))
    confirmed = WARM_UP + ROUNDS * requests
    console.print(f"ratio {ratio:.2f}, target {TARGET}; {confirmed:,} confirmed, {stored:,} in Kafka")
    return 0 if ratio >= TARGET and stored == confirmed else 1


def _stored(settings: Settings) -> int:
    broker = Broker(settings)
    try:
        return sum(marks.high - marks.low for marks in broker.watermarks().values())
    finally:
        broker.close()


_BARE = ["-m", "uvicorn", "--log-level", "warning", "--no-access-log", "--no-proxy-headers", "--no-server-header"]
_BARE += ["benchmarks._bare_asgi:app", "--port"]
_GATEWAY = ["-m", "flowguard.gateway"]


@contextmanager
def _served(arguments: list[str], url: str, environment: dict[str, str] | None = None) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, *arguments], env=environment or dict(os.environ))
    try:
        _wait_until_it_answers(url, process)
        yield
    finally:
        process.terminate()
        process.wait()


def _wait_until_it_answers(url: str, process: "subprocess.Popen[bytes]") -> None:
    direct = build_opener(ProxyHandler({}))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            direct.open(url, timeout=5).close()
            return
        except (URLError, ConnectionError):
            time.sleep(0.05)
    raise RuntimeError(f"{url} did not answer")


if __name__ == "__main__":
    sys.exit(main())
