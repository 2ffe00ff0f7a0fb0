"""What the demo refuses before anything is started; the demo itself is the end-to-end test."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flowguard.cli.main import app


def events_of(folder: Path, *currencies: str) -> Path:
    path = folder / "history.ndjson"
    event = {"event_timestamp": "2011-05-01T12:00:00Z"}
    path.write_text("".join(json.dumps(event | {"currency": name}) + "\n" for name in currencies))
    return path


def refusal(*arguments: object) -> str:
    done = CliRunner().invoke(app, ["demo", *map(str, arguments)])
    assert done.exit_code == 1, done.output
    return done.stderr.replace("\n", " ")


def test_several_currencies_ask_for_a_choice(tmp_path: Path) -> None:
    told = refusal("--input", events_of(tmp_path, "EUR", "CHF", "EUR"), "--home", tmp_path / "home")
    assert "EUR (2), CHF (1)" in told
    assert "--currency" in told
    assert not (tmp_path / "home").exists()


def test_files_need_a_home_to_stay_in(tmp_path: Path) -> None:
    assert "--home DIR" in refusal("--input", events_of(tmp_path, "EUR"))


def test_files_are_not_for_a_warehouse_that_forgets_them(tmp_path: Path) -> None:
    files = ("--input", events_of(tmp_path, "EUR"), "--home", tmp_path / "home")
    assert "fakesnow forgets them" in refusal(*files, "--warehouse", "snowflake")


def test_files_need_to_be_told_as_input(tmp_path: Path) -> None:
    assert "--input" in refusal(events_of(tmp_path, "EUR"), "--home", tmp_path / "home")


def test_files_without_any_time_are_no_history(tmp_path: Path) -> None:
    assert "readable event_timestamp" in refusal("--input", events_of(tmp_path), "--home", tmp_path / "home")


@pytest.mark.parametrize("position", [1, 2])
def test_a_missing_file_is_told_wherever_it_stands(tmp_path: Path, position: int) -> None:
    files = [events_of(tmp_path, "EUR"), tmp_path / "gone.csv"]
    told = refusal("--input", *files[:: 1 if position == 2 else -1], "--home", tmp_path / "home")
    assert "gone.csv: there is no such file" in told


def test_shoppers_want_a_home_without_data_of_others(tmp_path: Path) -> None:
    (tmp_path / "settings.env").touch()
    assert "holds data already" in refusal("--home", tmp_path)
