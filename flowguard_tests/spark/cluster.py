"""A real standalone cluster of Spark on loopback: one master and some workers, each a process of its own."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pyspark

from flowguard.local import groups
from flowguard.local.java import java
from flowguard.local.ports import HOST, free_port
from flowguard.spark import job
from flowguard_tests.waiting import wait_until

_PROGRAMS = Path(pyspark.__file__).parent / "bin"
_MASTER, _WORKER = "org.apache.spark.deploy.master.Master", "org.apache.spark.deploy.worker.Worker"
_PATIENCE = 120.0
_ON_LOOPBACK = ("--conf", f"spark.driver.host={HOST}", "--conf", f"spark.driver.bindAddress={HOST}")


@dataclass(frozen=True)
class Cluster:
    """Where it is, and the process group of each worker with its executors."""

    master: str
    workers: tuple[int, ...]


@contextmanager
def standalone_cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """A cluster whose workers, of one core each, are there; what its processes print goes into the folder."""
    port, web_port = free_port(), free_port()
    master = f"spark://{HOST}:{port}"
    started: list[subprocess.Popen[bytes]] = []
    try:
        arguments = ("--host", HOST, "--port", str(port), "--webui-port", str(web_port))
        started.append(_start(folder / "master", _MASTER, *arguments))
        wait_until(lambda: _alive(web_port) is not None, _PATIENCE)
        for number in range(workers):
            log = folder / f"worker-{number}"
            size = ("--cores", "1", "--memory", "1g")
            place = ("--host", HOST, "--webui-port", str(free_port()), "--work-dir", str(log))
            started.append(_start(log, _WORKER, *size, *place, master))
        wait_until(lambda: _alive(web_port) == workers, _PATIENCE)
        yield Cluster(master, tuple(process.pid for process in started[1:]))
    finally:
        groups.end([process.pid for process in started], 10)
        for process in started:
            process.wait()


def submit(master: str, plan: Path, *settings: str, more: Mapping[str, str] = {}) -> subprocess.CompletedProcess[str]:
    """The job as ``spark-submit`` runs it, to its end. ``settings`` of Spark are ``name=value``; ``more`` is of the
    environment."""
    options = [part for setting in settings for part in ("--conf", setting)]
    command = [str(_PROGRAMS / "spark-submit"), "--master", master, *_ON_LOOPBACK, *options, job.__file__, str(plan)]
    return subprocess.run(command, env=environment() | more, capture_output=True, text=True, check=False)


def _start(folder: Path, program: str, *arguments: str) -> "subprocess.Popen[bytes]":
    folder.mkdir(parents=True)
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [str(_PROGRAMS / "spark-class"), program, *arguments],
            env=environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _alive(web_port: int) -> int | None:
    """How many workers the master knows; None while it does not answer."""
    with suppress(OSError), urllib.request.urlopen(f"http://{HOST}:{web_port}/json/", timeout=5) as answer:
        return int(json.load(answer)["aliveworkers"])
    return None


def environment() -> dict[str, str]:
    """What Spark's programs need."""
    return os.environ | {
        "JAVA_HOME": str(java("Spark", "spark").parent.parent),
        "SPARK_LOCAL_IP": HOST,
        "PYSPARK_PYTHON": sys.executable,
    }
