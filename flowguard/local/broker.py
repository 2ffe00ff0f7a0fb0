"""The embedded broker: ``noida-db``, one binary in a pip package that speaks Kafka's protocol, on loopback only.

A laptop's convenience: it forgets about its last second when it is killed. "Acknowledged is never lost" is
the promise of Apache Kafka.
"""

import importlib.util
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from flowguard.errors import BrokerUnavailable, MissingComponent

HOST = "127.0.0.1"
LOG_NAME = "broker.log"


def command(data_dir: Path, port: int) -> list[str]:
    """The command line that runs the broker in the foreground; it stops on SIGTERM and then saves its data.

    Raises:
        MissingComponent: the package is not installed.
    """
    serve_kafka = ["start", "--only", "kafka", "--host", HOST, "--kafka-port", str(port)]
    return [str(_binary()), *serve_kafka, "--data-dir", str(data_dir)]


def harmless(line: str) -> bool:
    """Whether a line that the broker prints says nothing: the loader's remark about a symbol that is not used."""
    return "weak version `GLIBC" in line


@contextmanager
def embedded_broker(data_dir: Path, port: int, patience: float = 30) -> Iterator[str]:
    """Run a broker until the block is left; gives its bootstrap address once it answers.

    What the broker prints goes to ``broker.log`` in its data directory. ``patience`` is in seconds.

    Raises:
        MissingComponent: the package is not installed.
        BrokerUnavailable: the port is taken, or it stopped, or did not answer in time.
    """
    _refuse_taken(port)  # before, because the other's answer would be mistaken for this one's
    data_dir.mkdir(parents=True, exist_ok=True)
    log = data_dir / LOG_NAME
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(data_dir, port), stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        _wait_until_it_answers(process, port, log, patience)
        yield f"{HOST}:{port}"
    finally:
        _stop(process)


def _binary() -> Path:
    # The package's own launcher is a process between us and the broker that passes no signal on.
    package = importlib.util.find_spec("noida_db")
    binary = Path(package.origin).with_name("noida-db") if package and package.origin else None
    if binary is None or not binary.is_file():
        raise MissingComponent("the embedded broker is not installed: pip install 'flowguard[local]'")
    if not os.access(binary, os.X_OK):
        binary.chmod(0o755)
    return binary


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise BrokerUnavailable(f"port {port} is taken by another program: stop it or choose another") from error


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int, log: Path, patience: float) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        answered = _answers(port)
        if process.poll() is not None:
            raise BrokerUnavailable(f"the embedded broker stopped on port {port}: {_printed(log)} (see {log})")
        if answered:
            return
        time.sleep(0.05)
    raise BrokerUnavailable(f"the embedded broker did not answer on port {port} within {patience:.0f} s (see {log})")


def _answers(port: int) -> bool:
    client = AdminClient({"bootstrap.servers": f"{HOST}:{port}", "log_level": 0})
    try:
        client.list_topics(timeout=1)
    except KafkaException:
        return False
    return True


def _printed(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip() and not harmless(line)]
    return "; ".join(lines[:3]) or "it printed nothing"


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
