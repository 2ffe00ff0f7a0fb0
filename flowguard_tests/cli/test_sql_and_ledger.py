"""Questions to the tables, as people and programs read the answers."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from flowguard.cli.main import app
from flowguard.gold.tables import FLOW_LEDGER
from flowguard.settings import load_settings
from flowguard.warehouse import open_warehouse

DAY = date(2026, 11, 21)
VALUES = (
    "SELECT CAST('9.50' AS DECIMAL(18, 2)) AS price, TIMESTAMP '2026-11-21 10:00:00.25' AS seen,"
    " DATE '2026-11-21' AS day, 'a,[b]' AS name, NULL AS nothing, 'bytes'::BLOB AS payload"
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    with closing(open_warehouse(load_settings(tmp_path))):
        yield tmp_path


def flowguard(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "30"})


def ledger_row(home: Path, balanced: bool) -> None:
    row = dict.fromkeys(FLOW_LEDGER.column_names, 0) | {"topic": "orders.v1", "offsets": 7, "balanced": balanced}
    rows = pl.DataFrame([row | {"arrival_date": DAY}])
    with closing(open_warehouse(load_settings(home))) as lake, lake.session() as session, session.transaction():
        session.insert(FLOW_LEDGER, rows)


def test_json_is_exact(home: Path) -> None:
    (row,) = json.loads(flowguard("sql", VALUES, "--home", str(home), "--format", "json").stdout)
    assert Decimal(row["price"]) == Decimal("9.50")
    assert datetime.fromisoformat(row["seen"]) == datetime.fromisoformat("2026-11-21T10:00:00.25Z")
    assert (row["day"], row["name"], row["nothing"]) == ("2026-11-21", "a,[b]", None)


def test_csv_has_a_header(home: Path) -> None:
    (row,) = csv.DictReader(io.StringIO(flowguard("sql", VALUES, "--home", str(home), "--format", "csv").stdout))
    assert (row["price"], row["name"], row["seen"]) == ("9.50", "a,[b]", "2026-11-21T10:00:00.250000Z")


def test_a_row_of_a_table_is_a_line(home: Path) -> None:
    header, row = flowguard("sql", VALUES, "--home", str(home)).stdout.splitlines()
    assert header.split() == ["price", "seen", "day", "name", "nothing", "payload"]
    assert "a,[b]" in row
    assert row.endswith("bytes  ")


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("SELECT nonsense", "nonsense"),
        ("SELEC 1", "syntax error"),
        ("DROP TABLE gold.flow_ledger", "read-only"),
        ("SELECT 1; SELECT 2", "read-only"),
        ("COPY (SELECT 1) TO 'file.csv'", "read-only"),
    ],
)
def test_what_cannot_be_answered_is_told(home: Path, statement: str, message: str) -> None:
    result = flowguard("sql", statement, "--home", str(home))
    assert result.exit_code == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_home_without_tables_is_told(tmp_path: Path) -> None:
    result = flowguard("sql", "SELECT 1", "--home", str(tmp_path))
    assert result.exit_code == 1
    assert "no warehouse" in result.stderr


@pytest.mark.parametrize(("balanced", "exit_code"), [(True, 0), (False, 1)])
def test_the_ledger_says_by_its_exit_code_whether_it_balances(home: Path, balanced: bool, exit_code: int) -> None:
    ledger_row(home, balanced)
    result = flowguard("ledger", "--home", str(home), "--from", "2026-11-21", "--to", "2026-11-21")
    assert result.exit_code == exit_code
    assert "orders.v1" in result.stdout
    other = flowguard("ledger", "--home", str(home), "--from", "2026-11-22", "--format", "json")
    assert (other.exit_code, json.loads(other.stdout)) == (0, [])


def test_days_the_wrong_way_round_are_refused(home: Path) -> None:
    result = flowguard("ledger", "--home", str(home), "--from", "2026-11-22", "--to", "2026-11-21")
    assert result.exit_code == 1
    assert "swap" in result.stderr
