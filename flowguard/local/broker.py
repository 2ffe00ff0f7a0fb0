"""The embedded broker: ``noida-db``, one binary in a pip package that speaks Kafka's protocol, on loopback only.

A laptop's convenience: it forgets about its last second when it is killed. "Acknowledged is never lost" is
the promise of Apache Kafka.
"""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flowguard.errors import MissingComponent
from flowguard.local.broker_process import BrokerProcess
from flowguard.local.ports import HOST


def command(data_dir: Path, port: int) -> list[str]:
    """The command line that runs the broker in the foreground; it stops on SIGTERM and then saves its data.

    Raises:
        MissingComponent: the package is not installed.
    """
    serve_kafka = ["start", "--only", "kafka", "--host", HOST, "--kafka-port", str(port)]
    return [str(_binary()), *serve_kafka, "--data-dir", str(data_dir)]


@contextmanager
def embedded_broker(data_dir: Path, port: int, patience: float = 30) -> Iterator[str]:
    """Run a broker until the block is left; gives its bootstrap address once it answers.

    Raises:
        MissingComponent: the package is not installed.
        BrokerUnavailable: the port is taken, or it stopped, or did not answer in time.
    """
    with BrokerProcess(command(data_dir, port), data_dir, port, patience) as broker:
        yield broker.bootstrap


def _binary() -> Path:
    # The package's own launcher is a process between us and the broker that passes no signal on.
    package = importlib.util.find_spec("noida_db")
    binary = Path(package.origin).with_name("noida-db") if package and package.origin else None
    if binary is None or not binary.is_file():
        raise MissingComponent("the embedded broker is not installed: pip install 'flowguard[local]'")
    if not os.access(binary, os.X_OK):
        binary.chmod(0o755)
    return binary
