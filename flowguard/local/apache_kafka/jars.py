"""Apache Kafka's jars in this environment: those of ``pom.xml``, by their hashes in ``requirements/kafka.sha256``."""

import hashlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from flowguard.errors import MissingComponent
from flowguard.local.apache_kafka.fetch import fetch
from flowguard.local.shipped import shipped

HASHES = "requirements/kafka.sha256"
HOW_TO_GET = "make up BROKER=kafka, or python -m flowguard.local.apache_kafka"


def classpath() -> str:
    """Where Java finds Kafka.

    Raises:
        MissingComponent: it is not installed.
    """
    if not is_installed():
        raise MissingComponent(f"Apache Kafka is not installed in {sys.prefix}: {HOW_TO_GET}")
    return f"{_home() / 'libs'}/*"


def is_installed() -> bool:
    """Whether the jars of today's hashes are there."""
    installed = _home() / "sha256"
    return installed.is_file() and installed.read_text() == shipped(HASHES).read_text()


def install(progress: Callable[[str], object]) -> None:
    """Fetch the jars and check each of them, unless they are there. All of them arrive, or none.

    Raises:
        MissingComponent: they could not be fetched, or are not the pinned ones.
    """
    if is_installed():
        return
    progress("Getting Apache Kafka (45 MB, only this time)")
    share = _home().parent
    share.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=share, prefix="apache-kafka-") as temporary:
        new = Path(temporary) / "new"
        fetch(new / "libs")
        refuse_other_than(shipped(HASHES).read_text(), new / "libs")
        shutil.copyfile(shipped(HASHES), new / "sha256")
        shutil.rmtree(_home(), ignore_errors=True)
        new.rename(_home())


def refuse_other_than(pinned: str, libs: Path) -> None:
    """Raise MissingComponent unless a folder holds exactly the files of a list like that of ``sha256sum``."""
    differing = set(pinned.splitlines()) ^ set(_hashes(libs))
    if differing:
        names = sorted({line.split()[1] for line in differing})
        raise MissingComponent(
            f"Apache Kafka was not installed, because these are not the jars of {HASHES}: {', '.join(names)}"
        )


def pin() -> str:
    """The list of hashes that ``pom.xml`` leads to today."""
    with TemporaryDirectory() as temporary:
        fetch(Path(temporary))
        return "".join(f"{line}\n" for line in _hashes(Path(temporary)))


def _hashes(libs: Path) -> list[str]:
    lines = []
    for jar in sorted(libs.iterdir()):
        with jar.open("rb") as content:
            lines.append(f"{hashlib.file_digest(content, 'sha256').hexdigest()}  {jar.name}")
    return lines


def _home() -> Path:
    return Path(sys.prefix) / "share" / "flowguard" / "apache-kafka"
