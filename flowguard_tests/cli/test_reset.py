from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from flowguard.cli.main import app
from flowguard.local.home import HomeLock
from flowguard.settings import fix_in_home, load_settings


def reset(home: Path, *arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, ["reset", "--home", str(home), *arguments], input=answer)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    directory = tmp_path / "home"
    fix_in_home(load_settings(directory))
    (directory / "warehouse" / "data").mkdir(parents=True)
    (directory / "warehouse" / "data" / "x.parquet").touch()
    return directory


def test_everything_goes_after_a_confirmation(home: Path) -> None:
    assert reset(home, answer="y\n").exit_code == 0
    assert not home.exists()


def test_nothing_goes_without_one(home: Path) -> None:
    assert reset(home, answer="n\n").exit_code == 1
    assert (home / "warehouse" / "data" / "x.parquet").exists()


def test_yes_does_not_ask(home: Path) -> None:
    assert reset(home, "--yes").exit_code == 0
    assert not home.exists()


def test_what_is_not_flowguards_stays_and_is_named(home: Path) -> None:
    (home / "thesis.txt").touch()
    result = reset(home, "--yes")
    assert "thesis.txt" in result.stdout
    assert [path.name for path in home.iterdir()] == ["thesis.txt"]


def test_a_directory_that_is_no_home_is_refused(tmp_path: Path) -> None:
    (tmp_path / "warehouse").mkdir()
    result = reset(tmp_path, "--yes")
    assert result.exit_code == 1 and "is not a FlowGuard home" in result.stderr
    assert (tmp_path / "warehouse").exists()


@pytest.mark.parametrize("lock", [".", "warehouse"])
def test_a_home_at_work_is_refused(home: Path, lock: str) -> None:
    held = HomeLock(home / lock)
    try:
        result = reset(home, "--yes")
    finally:
        held.release()
    assert result.exit_code == 1 and "platform.lock" in result.stderr
    assert (home / "warehouse" / "data" / "x.parquet").exists()
