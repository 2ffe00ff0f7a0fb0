"""Who may import what, and who may read the environment."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import flowguard

ROOT = Path(flowguard.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
DAGSTER_LAYER = {"definitions.py", "defs"}
PURE = {"events", "bronze", "silver", "gold", "models", "checks"}
INPUT_AND_OUTPUT = (
    "asyncio confluent_kafka duckdb fcntl flowguard.kafka flowguard.local flowguard.rounds flowguard.settings "
    "flowguard.warehouse http httpx io os pathlib requests shutil socket sqlite3 starlette subprocess tempfile urllib"
)
IO = frozenset(INPUT_AND_OUTPUT.split())
JOB = ROOT / "spark" / "job.py"
"""Runs on a cluster that has Spark, and Dagster's pipe where Dagster launches it: a package without Dagster."""
ENVIRONMENT = {"os.environ", "os.getenv", "dotenv", "pydantic_settings"}


def part_of(file: Path) -> str:
    return file.relative_to(ROOT).parts[0]


def imports(file: Path) -> Iterator[str]:
    """Dotted names that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def within(name: str, packages: frozenset[str] | set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("file", [f for f in FILES if part_of(f) not in DAGSTER_LAYER], ids=str)
def test_only_definitions_and_defs_import_dagster(file: Path) -> None:
    found = {name for name in imports(file) if name.split(".")[0].startswith("dagster")}
    assert found <= ({"dagster_pipes"} if file == JOB else set())


def test_the_job_for_spark_needs_nothing_of_flowguard() -> None:
    assert {name.split(".")[0] for name in imports(JOB)} - sys.stdlib_module_names == {"dagster_pipes", "pyspark"}


@pytest.mark.parametrize("file", [f for f in FILES if part_of(f) in PURE], ids=str)
def test_pure_packages_import_nothing_that_does_input_or_output(file: Path) -> None:
    assert [name for name in imports(file) if within(name, IO)] == []


@pytest.mark.parametrize("file", [f for f in FILES if f != ROOT / "settings.py"], ids=str)
def test_only_settings_read_the_environment(file: Path) -> None:
    text = file.read_text()
    assert [name for name in imports(file) if within(name, ENVIRONMENT)] == []
    assert "os.environ" not in text
    assert "os.getenv" not in text


def test_definitions_only_load_defs() -> None:
    assert {name for name in imports(ROOT / "definitions.py") if name.startswith("flowguard.")} <= {
        "flowguard.defs.everything",
        "flowguard.defs.everything.everything",
        "flowguard.settings",
        "flowguard.settings.load_settings",
    }
