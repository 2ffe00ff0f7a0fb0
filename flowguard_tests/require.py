"""Components that a test needs and a machine may lack."""

import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from flowguard.errors import MissingComponent
from flowguard.local import apache_kafka, broker, fakesnow
from flowguard.local.java import java
from flowguard_tests import postgres


class Component(NamedTuple):
    """How to see whether a component is there, and the line that says how to get it."""

    present: Callable[[], object]
    how_to_get: str


def _runs(command: Callable[[Path, int], list[str]]) -> bool:
    try:
        return bool(command(Path(), 0))
    except MissingComponent:
        return False


def _has_java() -> bool:
    try:
        return bool(java("Spark", "spark"))
    except MissingComponent:
        return False


COMPONENTS = {
    "embedded-broker": Component(lambda: _runs(broker.command), "pip install 'flowguard[local]'"),
    "apache-kafka": Component(lambda: _runs(apache_kafka.command), "python -m flowguard.local.apache_kafka"),
    "fakesnow": Component(lambda: _runs(fakesnow.command), "make .venv/.fakesnow"),
    "snowflake": Component(lambda: importlib.util.find_spec("snowflake"), "pip install 'flowguard[snowflake]'"),
    "spark": Component(lambda: importlib.util.find_spec("pyspark") and _has_java(), "pip install 'flowguard[spark]'"),
    "chromium": Component(lambda: shutil.which("chromium"), "apt-get install chromium"),
    "playwright": Component(lambda: importlib.util.find_spec("playwright"), "pip install playwright"),
    "postgres": Component(lambda: postgres.program("initdb"), "apt-get install postgresql"),
    "docker-compose": Component(lambda: shutil.which("docker-compose"), "apt-get install docker-compose"),
}


def require(name: str) -> None:
    """Skip the test, with one line that says how to get the component; an error with FLOWGUARD_REQUIRE=all."""
    component = COMPONENTS[name]
    if component.present():
        return
    message = f"{name} is missing: {component.how_to_get}"
    if os.environ.get("FLOWGUARD_REQUIRE") == "all":
        pytest.fail(message)
    pytest.skip(message)
