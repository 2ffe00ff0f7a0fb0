"""Become Apache Kafka: ``python -m flowguard.local.apache_kafka.run DIRECTORY PORT``.

The first start formats the storage, under a random cluster id that is kept there. The settings are written at each
start, because ports change. Paths in them are relative, so that no character in the home's name means anything.
"""

import base64
import os
import subprocess
import sys
import uuid
from pathlib import Path

from flowguard.local.apache_kafka import jars
from flowguard.local.java import java
from flowguard.local.ports import HOST, free_port

CONFIG = "server.properties"
STORAGE = "data"
_FORMATTED = Path(STORAGE) / "meta.properties"
"""The last file that formatting writes."""


def settings(port: int, controller_port: int) -> str:
    """Kafka's settings: one node, and nothing is ever deleted behind people's backs."""
    return f"""\
node.id=1
process.roles=broker,controller
listeners=PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}
advertised.listeners=PLAINTEXT://{HOST}:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.voters=1@{HOST}:{controller_port}
log.dirs={STORAGE}
log.retention.ms=-1
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
# One node holds everything once.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# After a kill, the controller waits until the session of the broker that was killed has ended.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""


def main(directory: Path, port: int) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    os.chdir(directory)
    Path(CONFIG).write_text(settings(port, free_port()))
    log = Path(__file__).with_name("log4j2.properties").as_uri()
    kafka = [str(java("Apache Kafka", "kafka")), "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError"]
    kafka += [f"-Dlog4j2.configurationFile={log}", "-cp", jars.classpath()]
    if not _FORMATTED.exists():
        _format(kafka)
    os.execv(kafka[0], [*kafka, "kafka.Kafka", CONFIG])


def _format(kafka: list[str]) -> None:
    command = ["kafka.tools.StorageTool", "format", "--cluster-id", _new_cluster_id()]
    subprocess.run([*kafka, *command, "--config", CONFIG], stdout=subprocess.DEVNULL, check=True)


def _new_cluster_id() -> str:
    """22 characters as Kafka makes them, which never begin with a dash."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
