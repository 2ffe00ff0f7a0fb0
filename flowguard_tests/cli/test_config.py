import json
import os
import re
from pathlib import Path

import pytest
from dagster._utils.schedules import is_valid_cron_schedule
from typer.testing import CliRunner

from flowguard.cli.main import app
from flowguard.errors import InvalidSettings
from flowguard.settings import PREFIX, Settings, fix_in_home, load_settings


@pytest.fixture(autouse=True)
def _nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of the caller's: neither environment nor ``.env``."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def printed(*arguments: str) -> dict[str, dict[str, str]]:
    result = CliRunner().invoke(app, ["config", "--format", "json", *arguments])
    assert result.exit_code == 0, result.output
    return {row["setting"]: row for row in json.loads(result.stdout)}


def test_every_setting_is_there_with_its_description() -> None:
    rows = printed()
    assert rows.keys() == {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    assert all(row["description"] for row in rows.values())


def test_each_value_says_where_it_came_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    fix_in_home(load_settings(home))
    Path(".env").write_text("FLOWGUARD_WEBSERVER_PORT=3001\nFLOWGUARD_GATEWAY_PORT=1\n")
    monkeypatch.setenv("FLOWGUARD_GATEWAY_PORT", "8081")
    rows = printed("--home", str(home))
    assert {name: (row["value"], row["from"]) for name, row in rows.items() if row["from"] != "default"} == {
        "FLOWGUARD_HOME": (str(home), "--home"),
        "FLOWGUARD_START_DATE": (str(load_settings(home).start_date), str(home / "settings.env")),
        "FLOWGUARD_CURRENCY": ("USD", str(home / "settings.env")),
        "FLOWGUARD_GATEWAY_PORT": (8081, "environment FLOWGUARD_GATEWAY_PORT"),
        "FLOWGUARD_WEBSERVER_PORT": (3001, ".env"),
    }


@pytest.mark.parametrize("format", ["json", "table"])
def test_secrets_are_masked(monkeypatch: pytest.MonkeyPatch, format: str) -> None:
    monkeypatch.setenv("FLOWGUARD_GATEWAY_API_KEYS", "sesame,open")
    output = CliRunner().invoke(app, ["config", "--format", format]).output
    assert "sesame" not in output and "**********" in output


def test_the_table_shows_whole_names_also_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    output = CliRunner().invoke(app, ["config"]).output
    assert all(f"{PREFIX}{name}".upper() in output for name in Settings.model_fields)


def test_a_wrong_value_is_one_line_with_the_places_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWGUARD_GATEWAY_PORT", "eighty")
    result = CliRunner().invoke(app, ["config"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert "FLOWGUARD_GATEWAY_PORT='eighty'" in result.stderr and "Searched: the environment" in result.stderr


@pytest.mark.parametrize("schedule", ["0 6 * * *", "*/15 6-8 1,15 * MON-FRI", "  5 4 * *  sun "])
def test_schedules_that_are_taken_are_those_of_dagster(tmp_path: Path, schedule: str) -> None:
    taken = load_settings(tmp_path, report_schedule=schedule).report_schedule
    assert is_valid_cron_schedule(taken) and taken == " ".join(schedule.split())


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("report_schedule", "6:00", "not five fields of cron"),
        ("report_schedule", "0 0 6 * * *", "not five fields of cron"),
        ("report_schedule", "0 25 * * *", "Bad hour"),
        ("report_schedule", "0 6 LW * *", "not five fields of cron"),
        ("report_schedule", "0 6 30 2 *", "Bad day-of-month"),
        ("report_time_zone", "Mars/Olympus", "not a time zone by its name, such as UTC or Europe/Berlin"),
        ("report_time_zone", "../etc/passwd", "not a time zone"),
        ("report_time_zone", "", "not a time zone"),
        ("history_days", "-1", "greater than or equal to 0"),
        ("history_days", "366", "less than or equal to 365"),
    ],
)
def test_schedules_zones_and_histories_that_make_no_sense(tmp_path: Path, name: str, value: str, why: str) -> None:
    with pytest.raises(InvalidSettings, match=rf"FLOWGUARD_{name.upper()}={re.escape(repr(value))}: .*{why}"):
        load_settings(tmp_path, **{name: value})
