"""Fetching jars by what is there: Maven, or the Ivy that PySpark brings. Where from is their configuration's matter."""

import importlib.util
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from flowguard.errors import MissingComponent
from flowguard.local.java import java

POM = Path(__file__).with_name("pom.xml")
LONGEST_SECONDS = 900


def fetch(libs: Path) -> None:
    """Put what ``pom.xml`` names, and what that needs to run, into a folder.

    Raises:
        MissingComponent: neither tool is there, or none of them can, with its last words.
    """
    failures = []
    with TemporaryDirectory() as cache:
        for name, command in _tools(libs, Path(cache)):
            last_words = _run(command)
            if last_words is None:
                return
            failures.append(f"{name} says: {last_words}")
            shutil.rmtree(libs, ignore_errors=True)
    raise MissingComponent(
        f"Apache Kafka's jars could not be fetched. {'. '.join(failures)}"
        if failures
        else "Apache Kafka's jars are fetched by Maven, or by the Ivy in PySpark, and both are missing: "
        "install one of them (Debian and Ubuntu: apt-get install maven)"
    )


def _tools(libs: Path, cache: Path) -> Iterator[tuple[str, Sequence[str]]]:
    maven = shutil.which("mvn")
    if maven is not None:
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={libs.absolute()}"]
        yield "Maven", [maven, "--batch-mode", "--quiet", "-Dstyle.color=never", "--file", str(POM), *goal]
    ivy = _ivy()
    if ivy is not None:
        names = f"{libs.absolute()}/[artifact]-[revision](-[classifier]).[ext]"
        what = ["-ivy", str(POM), "-confs", "runtime", "-types", "jar", "bundle", "-retrieve", names]
        yield "Ivy", [str(java("Apache Kafka", "kafka")), "-jar", str(ivy), "-warn", "-cache", str(cache), *what]


def _ivy() -> Path | None:
    package = importlib.util.find_spec("pyspark")
    if package is None or not package.origin:
        return None
    return next(Path(package.origin).parent.glob("jars/ivy-*.jar"), None)


def _run(command: Sequence[str]) -> str | None:
    """None if it succeeds, else its last words."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"nothing within {LONGEST_SECONDS} s"
    return _last_words(done.stdout) if done.returncode else None


def _last_words(output: str) -> str:
    """Maven's first error says it all, and advice follows; of others, the end."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("[ERROR]")]
    return " / ".join(errors[:1] or lines[-3:]) or "nothing"
