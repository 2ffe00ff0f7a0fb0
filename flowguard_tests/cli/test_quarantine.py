"""The commands about quarantine, on real tables."""

import base64
import csv
import io
import json
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from flowguard.cli.main import app
from flowguard.rounds.commit import commit
from flowguard.settings import load_settings
from flowguard.warehouse import open_warehouse
from flowguard_tests.rounds.histories import Feeder, Sent

BYTES = b"\xff\x00 no text"
ESCAPE = b'{"item_id": "\x1b[2J"}'
ORDER = {
    "event_id": "e1", "event_type": "order_placed", "order_id": "o1", "user_id": "u1", "item_id": "i1",
    "price": "9.50", "event_timestamp": "2026-10-05T12:00:00Z",
}  # fmt: skip
FIXED = {"FLOWGUARD_START_DATE": "2026-10-01"}
"""The start date, moved back."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    settings = load_settings(tmp_path, start_date=date(2026, 11, 1))
    values = [json.dumps(ORDER | change).encode() for change in ({}, {"event_id": "e2", "price": "-1"})]
    with closing(open_warehouse(settings)) as warehouse, warehouse.session() as session:
        sent = [Sent("orders.v1", 0, 1000, value) for value in [*values, BYTES, ESCAPE]]
        commit(session, Feeder(settings, warehouse).chunk(sent), settings)
    return tmp_path


def flowguard(home: Path, *words: str, answer: str | None = None, **environment: str) -> Result:
    return CliRunner().invoke(app, ["quarantine", *words, "--home", str(home)], input=answer, env=environment)


def listed(home: Path, *words: str) -> list[dict[str, object]]:
    result = flowguard(home, "list", *words, "--format", "json")
    assert result.exit_code == 0, result.stderr
    found: list[dict[str, object]] = json.loads(result.stdout)
    return found


def test_entries_are_counted_by_stage_rule_and_status(home: Path) -> None:
    assert {tuple(row.values()) for row in listed(home)} == {
        ("silver", "before_start", "open", 1),
        ("silver", "price", "open", 1),
        ("bronze", "unreadable", "open", 2),
    }
    assert listed(home, "--by-day", "--rule", "price") == [
        {"_arrival_date": "2026-11-20", "stage": "silver", "rule": "price", "status": "open", "entries": 1}
    ]
    for words, entries in (
        (("--stage", "silver"), 2),
        (("--day", "2026-11-20", "--topic", "orders.v1"), 4),
        (("--day", "2026-11-21"), 0),
        (("--status", "redriven", "--status", "discarded"), 0),
        (("--rule", "it's"), 0),
    ):
        assert sum(int(str(row["entries"])) for row in listed(home, *words)) == entries


def test_single_entries_are_listed_the_newest_first(home: Path) -> None:
    assert [row["id"] for row in listed(home, "--entries", "--limit", "2")] == ["orders.v1/1/0/3", "orders.v1/1/0/2"]
    [row] = csv.DictReader(
        io.StringIO(flowguard(home, "list", "--entries", "--rule", "price", "--format", "csv").stdout)
    )
    assert (row["id"], row["field"], row["status"]) == ("orders.v1/1/0/1", "price", "open")
    assert "above 0" in row["message"]


def test_an_entry_is_shown_with_its_bytes(home: Path) -> None:
    shown = flowguard(home, "show", "orders.v1/1/0/0").stdout
    assert json.dumps(ORDER) in shown
    assert "before_start" in shown
    raw = flowguard(home, "show", "orders.v1/1/0/2", "--raw")
    assert raw.stdout_bytes == BYTES
    [told] = json.loads(flowguard(home, "show", "orders.v1/1/0/2", "--format", "json").stdout)
    assert (told["encoding"], base64.b64decode(told["payload"])) == ("base64", BYTES)


def test_bytes_that_would_steer_a_terminal_are_not_shown_as_text(home: Path) -> None:
    shown = flowguard(home, "show", "orders.v1/1/0/3").stdout
    assert "\x1b" not in shown
    assert base64.b64encode(ESCAPE).decode() in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("show", "orders.v1/1/0/99"), "not in quarantine"),
        (("show", "orders.v1-1"), "TOPIC/GENERATION/PARTITION/OFFSET"),
        (("redrive",), "--all"),
        (("redrive", "--status", "redriven"), "backfill"),
        (("discard", "--reason", "x"), "--all"),
        (("discard", "--reason", " ", "--all", "--yes"), "say why"),
    ],
)
def test_what_cannot_be_done_is_told(home: Path, words: tuple[str, ...], message: str) -> None:
    result = flowguard(home, *words)
    assert result.exit_code == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_mistyped_home_is_told_and_not_created(tmp_path: Path) -> None:
    for words in (["list"], ["redrive", "--all"], ["discard", "--all", "--reason", "x"]):
        result = flowguard(tmp_path / "nowhere", *words)
        assert result.exit_code == 1
        assert "no warehouse" in result.stderr
    assert not (tmp_path / "nowhere").exists()


def test_discarding_needs_a_reason(home: Path) -> None:
    assert flowguard(home, "discard", "--all", "--yes").exit_code == 2


def test_a_redrive_shows_first_what_would_happen(home: Path) -> None:
    told = flowguard(home, "redrive", "--all", "--dry-run", "--format", "json", **FIXED)
    assert told.exit_code == 0
    assert [tuple(row.values()) for row in json.loads(told.stdout)] == [
        ("bronze", "unreadable", 2, 0, 2, "unreadable 2"),
        ("silver", "before_start", 1, 1, 0, ""),
        ("silver", "price", 1, 0, 1, "price 1"),
    ]
    assert flowguard(home, "redrive", "--all", answer="n\n", **FIXED).exit_code == 1
    assert listed(home, "--status", "redriven") == []

    done = flowguard(home, "redrive", "--all", answer="y\n", **FIXED)
    assert done.exit_code == 0
    assert "1 redriven, 3 still refused" in done.stdout
    assert [row["rule"] for row in listed(home, "--status", "redriven")] == ["before_start"]


def test_single_entries_are_redriven_and_discarded(home: Path) -> None:
    first, second = "orders.v1/1/0/0", "orders.v1/1/0/1"
    gone = flowguard(home, "discard", second, "--reason", "it's a test", "--yes")
    assert (gone.exit_code, "1 discarded" in gone.stdout) == (0, True)
    [row] = listed(home, "--entries", "--status", "discarded")
    assert (row["id"], row["reason"]) == (second, "it's a test")

    done = flowguard(home, "redrive", first, second, "--yes", **FIXED)
    assert "1 redriven, 0 still refused" in done.stdout
    tried = flowguard(home, "redrive", second, "--status", "discarded", "--yes", **FIXED)
    assert "0 redriven, 1 still refused" in tried.stdout
    assert [row["id"] for row in listed(home, "--entries", "--status", "discarded")] == [second]
    assert "No entry" in flowguard(home, "redrive", second, "--yes").stderr
    assert "No open entry" in flowguard(home, "discard", first, "--reason", "x", "--yes").stderr


def test_what_the_gateway_refused_is_not_redriven_and_that_is_said(home: Path) -> None:
    with closing(open_warehouse(load_settings(home))) as warehouse, warehouse.session() as session:
        session.execute("UPDATE ops.quarantine SET stage = 'gateway'")
    told = flowguard(home, "redrive", "--all", "--yes")
    assert told.exit_code == 0
    assert "4 entries of stage gateway are not redriven" in told.stderr
