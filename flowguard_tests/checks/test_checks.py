"""Checks on real tables: nothing fails that is as it should be, and what fails is counted by day."""

from datetime import date, timedelta

import duckdb
import pytest
import sqlglot

from flowguard.checks.check import MOST_EXAMPLES, Check
from flowguard.checks.registry import CHECKS, checks_of
from flowguard.warehouse import Warehouse
from flowguard_tests.checks.examples import EXAMPLES
from flowguard_tests.checks.health import broken_promises
from flowguard_tests.checks.world import DAYS

DAY = date(2026, 11, 20)


class Undone(Exception):
    """Takes back what a transaction did."""


def test_nothing_is_wrong_with_a_shop_in_which_everything_happened(world: Warehouse) -> None:
    everything = [DAY - timedelta(days=back) for back in range(-3, 60)]
    assert broken_promises(world, everything) == {}
    warned = {c.name: world.query(c.failing(everything)).height for c in CHECKS if not c.error}
    assert {name: days for name, days in warned.items() if days} == {"quarantine_share": 2}


def test_what_storage_does_not_refuse_is_found_there(world: Warehouse) -> None:
    """The first example of each check, in real tables; what may not be NULL, storage refuses by itself."""
    found, tried = set(), set()
    for example in EXAMPLES:
        place = (example.table, example.check)
        plain = example.failing and not any(word in example.change for word in ("rowid", "BY NAME", "TEMP", "SELECT *"))
        if not plain or place in tried:
            continue
        tried.add(place)
        [check] = [check for check in checks_of([example.table]) if check.name == example.check]
        with pytest.raises(Undone), world.session() as session, session.transaction():
            for statement in example.change.split(";"):
                if statement.strip():
                    session.execute(statement)
            rows = session.query(check.failing(DAYS))
            if rows.height == len(example.failing):
                found.add(place)
            raise Undone
    assert found == tried
    assert len(tried) >= 14


def test_other_days_are_not_looked_at(memory: duckdb.DuckDBPyConnection) -> None:
    for check in CHECKS:
        assert memory.execute(check.failing([])).fetchall() == []


def test_all_failing_rows_of_a_day_are_counted_and_few_are_shown(memory: duckdb.DuckDBPyConnection) -> None:
    [check] = [check for check in checks_of(["gold.flow_ledger"]) if check.name == "balanced"]
    other = DAY + timedelta(days=1)
    memory.begin()
    memory.execute("UPDATE gold.flow_ledger SET balanced = FALSE")
    memory.execute(
        "INSERT INTO gold.flow_ledger BY NAME SELECT arrival_date, CAST(number AS VARCHAR) AS topic, balanced "
        f"FROM gold.flow_ledger, RANGE(3) AS more(number) WHERE arrival_date = '{DAY}'"
    )
    shown = memory.execute(check.counted([DAY, other])).pl()
    memory.rollback()
    assert shown["arrival_date"].value_counts().sort("arrival_date").rows() == [(DAY, MOST_EXAMPLES), (other, 2)]
    assert set(shown.select("arrival_date", "failing_rows").rows()) == {(DAY, 8), (other, 2)}
    assert shown.filter(arrival_date=DAY)["example"].sort().to_list() == list(range(1, MOST_EXAMPLES + 1))


def test_failing_rows_tell_their_day(memory: duckdb.DuckDBPyConnection) -> None:
    for check in CHECKS:
        columns = memory.execute(check.counted([DAY])).pl().columns
        assert {*filter(None, [check.day]), "failing_rows", "example"} <= set(columns), check.name
        assert len(columns) == len(set(columns)), check.name


@pytest.mark.parametrize("dialect", ["snowflake", "spark"])
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.table}-{check.name}")
def test_checks_leave_duckdb(check: Check, dialect: str) -> None:
    for sql in filter(None, (check.counted([DAY]), check.judged([DAY]), check.counted([]))):
        text = sqlglot.transpile(sql, read="duckdb", write=dialect, unsupported_level=sqlglot.ErrorLevel.RAISE)[0]
        assert sqlglot.parse_one(text, read=dialect)
