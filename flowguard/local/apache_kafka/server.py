"""Apache Kafka as a process: what tests hurt, and what ``flowguard up --broker kafka`` runs."""

import sys
from pathlib import Path

from flowguard.local.apache_kafka import jars
from flowguard.local.broker_process import BrokerProcess
from flowguard.local.java import java


def command(data_dir: Path, port: int) -> list[str]:
    """The command line that runs Kafka in the foreground; it stops on SIGTERM.

    Raises:
        MissingComponent: there is no Java that is new enough, or Kafka is not installed.
    """
    java("Apache Kafka", "kafka")
    jars.classpath()
    return [sys.executable, "-P", "-m", "flowguard.local.apache_kafka.run", str(data_dir.absolute()), str(port)]


class ApacheKafka(BrokerProcess):
    """A single Apache Kafka that keeps what it has acknowledged, however it is ended.

    >>> with ApacheKafka(data_dir, free_port()) as kafka:  # doctest: +SKIP
    ...     kafka.kill()  # or pause() and resume(), or stop()
    ...     kafka.start()
    ...     kafka.bootstrap, kafka.process.pid
    """

    def __init__(self, data_dir: Path, port: int, patience: float = 120.0) -> None:
        """``patience``: seconds that it has to answer after a start. Raises as `command` does."""
        super().__init__(command(data_dir, port), data_dir, port, patience)
