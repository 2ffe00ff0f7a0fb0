"""Apache Kafka's jars: all of the pinned ones get in, or nothing does."""

import hashlib
import importlib.util
import os
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from flowguard.errors import MissingComponent
from flowguard.local import apache_kafka
from flowguard.local.apache_kafka import jars
from flowguard_tests.local.apache_kafka.stand_ins import program
from flowguard_tests.require import require

OUTPUT = 'for word; do case $word in -DoutputDirectory=*) libs=${word#*=};; esac; done; mkdir -p "$libs"'
"""How a Maven made of shell learns where the jars belong."""

ELSEWHERE = """
import runpy, sys
sys.prefix = sys.argv.pop()
sys.modules["pyspark"] = None
runpy.run_module("flowguard.local.apache_kafka", run_name="__main__")
"""
"""The step of make in an environment without anything."""


class Machine:
    """An environment without Kafka on a machine without Maven."""

    def __init__(self, directory: Path) -> None:
        self.bin, self.share = directory / "bin", directory / "share" / "flowguard"
        self.pyspark: Path | None = None

    def maven(self, script: str) -> None:
        program(self.bin / "mvn", f"PATH={os.defpath}\n{script}")

    def install(self) -> list[str]:
        """What it says that it does."""
        told: list[str] = []
        jars.install(told.append)
        return told


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("PATH", str(machine.bin))
    find = importlib.util.find_spec

    def find_spec(name: str) -> ModuleSpec | None:
        if name != "pyspark":
            return find(name)
        return ModuleSpec(name, None, origin=str(machine.pyspark)) if machine.pyspark else None

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    return machine


@pytest.fixture
def installed() -> Path:
    """The jars of the environment that runs the tests. To be asked for before `machine`."""
    require("apache-kafka")
    return Path(jars.classpath()).parent


def test_without_maven_and_ivy_it_is_said_how_to_get_one(machine: Machine) -> None:
    with pytest.raises(MissingComponent, match=r"by Maven, or by the Ivy in PySpark, and both are missing: .*apt-get"):
        machine.install()
    assert list(machine.share.iterdir()) == []


def test_the_last_words_of_each_tool_are_told(machine: Machine) -> None:
    machine.maven("echo '[ERROR] no such host'; echo '[ERROR] [Help 1]'; exit 1")
    machine.pyspark = machine.bin.with_name("pyspark") / "__init__.py"
    program(machine.pyspark.parent / "jars" / "ivy-1.jar", "no jar at all")
    told = r"could not be fetched. Maven says: \[ERROR\] no such host. Ivy says: .*[Ii]nvalid or corrupt jarfile"
    with pytest.raises(MissingComponent, match=told):
        machine.install()
    assert list(machine.share.iterdir()) == []


def test_what_is_not_pinned_does_not_get_in(machine: Machine) -> None:
    machine.maven(f'{OUTPUT}; echo changed > "$libs/kafka_2.13-4.3.0.jar"; echo more > "$libs/more.jar"')
    with pytest.raises(
        MissingComponent, match=r"not the jars of requirements/kafka.sha256: .*kafka_2\.13.*, more\.jar"
    ):
        machine.install()
    assert list(machine.share.iterdir()) == []
    with pytest.raises(MissingComponent, match=r"is not installed in .*: make up BROKER=kafka"):
        apache_kafka.command(Path(), 0)


@pytest.mark.parametrize("fault", ["changed", "added", "missing"])
def test_each_difference_is_named(tmp_path: Path, fault: str) -> None:
    for name in ("same.jar", "added.jar", "changed.jar"):
        (tmp_path / name).write_text(name)
    content = {"same.jar": "same.jar", "added.jar": "added.jar", "changed.jar": "changed.jar"}
    if fault == "changed":
        content["changed.jar"] = "as it was"
    elif fault == "added":
        del content["added.jar"]
    else:
        content["missing.jar"] = "gone"
    pinned = "".join(f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in content.items())
    with pytest.raises(MissingComponent, match=rf"kafka\.sha256: {fault}\.jar$"):
        jars.refuse_other_than(pinned, tmp_path)


def test_it_is_fetched_once_and_again_when_it_is_not_what_is_pinned(installed: Path, machine: Machine) -> None:
    machine.maven(f"{OUTPUT}; cp {installed}/*.jar $libs")
    assert machine.install() == ["Getting Apache Kafka (45 MB, only this time)"]
    assert {jar.name for jar in (machine.share / "apache-kafka" / "libs").iterdir()} == {
        jar.name for jar in installed.iterdir()
    }
    assert [folder.name for folder in machine.share.iterdir()] == ["apache-kafka"]
    assert machine.install() == []
    (machine.share / "apache-kafka" / "sha256").write_text("those of an older version")
    assert len(machine.install()) == 1
    assert jars.is_installed()


def test_the_step_of_make_says_nothing_when_it_is_there(installed: Path) -> None:
    command = [sys.executable, "-m", "flowguard.local.apache_kafka"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_step_of_make_says_in_one_line_why_it_cannot(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(tmp_path)},
    )
    assert done.returncode == 1
    assert [line.partition(",")[0] for line in done.stderr.splitlines()] == [
        "Getting Apache Kafka (45 MB",
        "Apache Kafka's jars are fetched by Maven",
    ]
