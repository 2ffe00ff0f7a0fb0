"""``spark-submit``: one process that is the job's driver, with its log in a file, and its errors for people."""

import importlib.util
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

from flowguard.errors import EngineFailed, InvalidSettings, MissingComponent, StorageFailed
from flowguard.local import groups
from flowguard.local.java import java
from flowguard.settings import PREFIX, Settings, as_environment
from flowguard.spark import stage
from flowguard.spark.java import java_home

JOB = Path(__file__).with_name("job.py")
_CONNECT_SECONDS = 5.0
_STOP_SECONDS = 10.0
_NO_ROOM = re.compile(r"No space left on device|Disk quota exceeded|File too large")
_CAUSE = re.compile(r"^(?:Caused by: )?[\w.$]+(?:Error|Exception)\b: \S.*$", re.MULTILINE)
_STEP = re.compile(r"step \d+ of \d+: ")
_ON_THIS_MACHINE = re.compile(r"local\b|spark://(127\.0\.0\.1|localhost):")
_LONGEST_CAUSE = 600

Submit = Callable[[Path, Callable[[str], None]], None]
"""Runs the job of a plan's file to its end, telling a line for each of its steps."""


def refuse_missing(settings: Settings) -> None:
    """Raises MissingComponent or EngineFailed where a job could not even begin: that is known before anything is
    staged."""
    _spark_submit(settings)
    _java()
    _reach(settings.spark_master)


def submit(settings: Settings, plan: Path, tell: Callable[[str], None], told: Mapping[str, str] | None = None) -> None:
    """Run a plan to its end; ``told`` is added to the job's environment, such as where Dagster listens.

    Raises:
        MissingComponent: there is no Spark, or no Java.
        EngineFailed: the master does not answer, or the job failed; nothing but the stage was written.
        StorageFailed: the stage is full.
    """
    log = settings.home / "logs" / "spark.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "flowguard.spark.launch", *_command(settings), str(JOB), str(plan)],
            env={**_environment(settings, plan.parent), **(told or {})},
            cwd=plan.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=written,
            text=True,
            start_new_session=True,
        )
        try:
            code = _follow(process, written, tell)
        finally:
            groups.end([process.pid], _STOP_SECONDS)
            process.wait()
    if code != 0:
        raise _failure(settings, code, log)


def _follow(process: subprocess.Popen[str], log: TextIO, tell: Callable[[str], None]) -> int:
    """The driver's steps are told; what else it says, such as a traceback, is in the log."""
    assert process.stdout is not None
    for line in process.stdout:
        log.write(line)
        log.flush()
        if _STEP.match(line):
            tell(line.rstrip())
    return process.wait()


def _environment(settings: Settings, folder: Path) -> dict[str, str]:
    ours = {"JAVA_HOME": str(java_home(_java(), folder / "java")), "PYSPARK_DRIVER_PYTHON": sys.executable}
    if _ON_THIS_MACHINE.match(settings.spark_master):
        ours["SPARK_LOCAL_IP"] = "127.0.0.1"
    return as_environment(settings) | ours


def _command(settings: Settings) -> list[str]:
    given = {
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "WARN",
        **dict(pair.split("=", 1) for pair in settings.spark_conf),
    }
    options = [part for name, value in given.items() for part in ("--conf", f"{name}={value}")]
    return [str(_spark_submit(settings)), "--master", settings.spark_master, "--name", "flowguard", *options]


def _spark_submit(settings: Settings) -> Path:
    if settings.spark_home is not None:
        found = settings.spark_home / "bin" / "spark-submit"
        if not found.exists():
            raise InvalidSettings(f"{PREFIX}SPARK_HOME={settings.spark_home}: there is no bin/spark-submit in it")
        return found
    package = importlib.util.find_spec("pyspark")
    if package is None or package.origin is None:
        raise MissingComponent(
            "Spark is not installed: pip install 'flowguard[spark]', or set "
            f"{PREFIX}SPARK_HOME to a Spark that is there"
        )
    return Path(package.origin).with_name("bin") / "spark-submit"


def _java() -> Path:
    return java("Spark", "spark")


def _reach(master: str) -> None:
    """A wrong address is known at once; Spark itself tries for a minute."""
    places = re.fullmatch(r"spark://(.+)", master)
    if places is None:
        return
    failed = []
    for place in places[1].split(","):
        host, _, port = place.rpartition(":")
        try:
            socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()
            return
        except (OSError, ValueError) as error:
            failed.append(f"{place} ({error})")
    raise EngineFailed(
        f"no Spark master answers at {', '.join(failed)}, nothing was changed: start it, or set {PREFIX}SPARK_MASTER "
        "to spark://host:port of one that runs, or to local[*]"
    )


def _failure(settings: Settings, code: int, log: Path) -> Exception:
    text = log.read_text(errors="replace")
    causes = _CAUSE.findall(text)
    if _NO_ROOM.search(text):
        return StorageFailed(
            f"Spark could not write ({causes[-1].strip() if causes else 'no space is left'}); the tables are as they "
            f"were. Make room in {stage.place(settings)} and where Spark puts what does not "
            f"fit into memory (spark.local.dir), and try again; the whole story is in {log}"
        )
    ended = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
    cause = causes[-1].strip()[:_LONGEST_CAUSE] if causes else "it says no more"
    return EngineFailed(
        f"the Spark job {ended}: {cause}. The tables are as they were, and it is safe to try again; the whole story "
        f"is in {log}"
    )
