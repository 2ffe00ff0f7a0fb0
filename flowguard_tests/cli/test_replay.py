import json
from contextlib import closing
from pathlib import Path

from typer.testing import CliRunner

from flowguard.cli.main import app
from flowguard.kafka.broker import Broker
from flowguard.settings import Settings, as_environment

CLICK = {
    "event_type": "click",
    "event_id": "c1",
    "user_id": "u1",
    "item_id": "ramen",
    "event_timestamp": "2024-05-01T12:00:00Z",
}


def records(settings: Settings) -> int:
    with closing(Broker(settings)) as broker:
        return sum(marks.high for marks in broker.watermarks().values())


def test_good_lines_are_sent_and_the_others_listed(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "history.ndjson"
    path.write_text(json.dumps(CLICK) + "\nnot json\n")
    done = CliRunner().invoke(app, ["replay", str(path), "--home", str(settings.home)], env=as_environment(settings))
    assert done.exit_code == 0, done.output
    assert f"{path}:2: unreadable: " in done.stdout
    assert f"1 records sent to {settings.clicks_topic}" in done.stdout
    assert records(settings) == 1


def test_raw_sends_broken_lines_too(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "history.ndjson"
    path.write_text(json.dumps(CLICK) + "\nnot json\n")
    done = CliRunner().invoke(
        app, ["replay", "--raw", str(path), "--home", str(settings.home)], env=as_environment(settings)
    )
    assert done.exit_code == 0, done.output
    assert records(settings) == 2


def test_nothing_sent_is_a_failure(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "history.ndjson"
    path.write_text("not json\n")
    done = CliRunner().invoke(app, ["replay", str(path), "--home", str(settings.home)], env=as_environment(settings))
    assert done.exit_code == 1
    assert "No line was sent." in done.stdout


def test_a_missing_file_is_told_in_a_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["replay", "gone.csv", "--home", str(tmp_path)])
    assert done.exit_code == 1
    assert done.stderr == "flowguard: gone.csv: there is no such file\n"
