"""Each check finds exactly what breaks it, on its day; and each of its rules is needed for that."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from flowguard.checks.check import Check
from flowguard.checks.quality import ACCEPTED, rules_of
from flowguard.checks.registry import CHECKS
from flowguard.models.registry import BY_NAME
from flowguard_tests.checks.examples import EXAMPLES
from flowguard_tests.checks.examples.example import NEXT_DAY, THE_DAY, Example
from flowguard_tests.checks.mutants import mutants, simpler
from flowguard_tests.checks.world import DAYS

_OF: dict[tuple[str, str], list[Example]] = defaultdict(list)
for _example in EXAMPLES:
    _OF[_example.table, _example.check].append(_example)
_FAR, _DAY, _NEXT = date(2026, 9, 24), date.fromisoformat(THE_DAY), date.fromisoformat(NEXT_DAY)
QUARANTINE_OF_THE_WORLD = {(THE_DAY, None), (NEXT_DAY, None)}
"""A third of its few records cannot be read."""
ONLY_FOR_COST = {
    "ops.ingest_ranges exactly_once": {"WHERE $days(arrival_date, 7)"},
    "ops.quarantine agrees_with_bronze": {"WHERE $days(_arrival_date, 0)"},
    "bronze.orders_raw refused_is_quarantined": {"$days(_arrival_date, 0)"},
    "bronze.clicks_raw refused_is_quarantined": {"$days(_arrival_date, 0)"},
    "silver.click_duplicates original_is_kept": {"WHERE $days(event_date, 0)"},
    "silver.orders_cleaned one_time_per_event": {"WHERE $days(order_date, 1)"},
    "silver.clicks_cleaned one_time_per_event": {"WHERE $days(event_date, 1)"},
    "silver.attributed_orders click_exists": {"$days(event_date, 7)"},
    "silver.attributed_orders unattributed_share": {"$days(order_date, 56)"},
    "silver.orders_cleaned without_session_share": {"WHERE $days(order_date, 56)"},
    "silver.clicks_cleaned without_session_share": {"WHERE $days(event_date, 56)"},
    "gold.daily_order_metrics orders_as_usual": {"WHERE $days(date, 56)"},
    "ops.quarantine quarantine_share": {"$days(arrival_date, 56)", "$days(_arrival_date, 56)"},
    "gold.user_cohorts keys_unique": {"WHERE $days"},
}
"""What may be left out without another result: it lets storage pass over days that what follows passes over anyway."""
Found = list[tuple[str | None, object]]


def named(check: Check) -> str:
    return f"{check.table} {check.name}"


@contextmanager
def changed(memory: duckdb.DuckDBPyConnection, change: str) -> Iterator[None]:
    memory.begin()
    try:
        memory.execute(change)
        yield
    finally:
        memory.rollback()


def failing(memory: duckdb.DuckDBPyConnection, check: Check, days: Collection[date], by: str | None = None) -> Found:
    rows = memory.execute(check.failing(days)).pl().to_dicts()
    found = [(str(row[check.day]) if check.day else None, row[by] if by else None) for row in rows]
    return sorted(found, key=str)


def expected(memory: duckdb.DuckDBPyConnection, example: Example, days: Collection[date]) -> Found:
    """Asked before the change is made, since the change may move the row."""
    wanted: Found = []
    for day, value in example.failing:
        of_day = memory.sql(day).fetchall()[0][0] if day and day.startswith("SELECT") else day
        if of_day is None or date.fromisoformat(of_day) in days:
            wanted.append((of_day, value))
    return sorted(wanted, key=str)


@pytest.mark.parametrize("check", CHECKS, ids=named)
def test_each_example_fails_on_its_day_and_no_other(memory: duckdb.DuckDBPyConnection, check: Check) -> None:
    assert any(example.failing for example in _OF[check.table, check.name]), "no example breaks it"
    for example in _OF[check.table, check.name]:
        for days in (DAYS, [_DAY], [_NEXT]):
            wanted = expected(memory, example, days)
            with changed(memory, example.change):
                assert failing(memory, check, days, example.by) == wanted, example.change


@pytest.mark.faults  # takes long
def test_each_condition_of_a_check_is_needed(memory: duckdb.DuckDBPyConnection) -> None:
    survivors: dict[str, set[str]] = {}
    seen: set[str] = set()
    tried = 0
    for check in CHECKS:
        if check.name == "rows_valid":
            continue  # see the next test
        alive = {told: mutant for told, mutant in mutants(check) if not (check.verdict and told in seen)}
        if check.verdict:
            seen |= set(alive)  # what all anomaly checks have in common is tried once
        tried += len(alive)
        for told in _survivors(memory, check, alive):
            survivors.setdefault(named(check), set()).add(told)
    assert tried > 350
    assert survivors == ONLY_FOR_COST


def _survivors(memory: duckdb.DuckDBPyConnection, check: Check, alive: dict[str, Check]) -> dict[str, Check]:
    """The mutants that give what the check gives, in the world as it is and in each example."""
    sets = (DAYS, [_FAR, _DAY]) if check.verdict else (DAYS, [_DAY], [_NEXT])
    untouched = Example(check.table, check.name, "SELECT 1")
    for days in sets:  # in this order: most are found out by all days together
        for example in (untouched, *_OF[check.table, check.name]):
            if not alive:
                return alive
            with changed(memory, example.change):
                right = failing(memory, check, days, example.by)
                alive = {
                    told: mutant for told, mutant in alive.items() if _answer(memory, mutant, days, example.by) == right
                }
    return alive


def _answer(memory: duckdb.DuckDBPyConnection, mutant: Check, days: Collection[date], by: str | None) -> Found | None:
    """None: it is not even a query."""
    try:
        return failing(memory, mutant, days, by)
    except duckdb.Error:
        return None


@pytest.mark.parametrize("table", [check.table for check in CHECKS if check.name == "rows_valid"])
def test_each_rule_of_a_row_is_needed(memory: duckdb.DuckDBPyConnection, table: str) -> None:
    """A rule, or a part of it, is needed if there is a row that nothing else judges the same way."""
    rules = rules_of(BY_NAME[table])
    weaker = [(number, text) for number, rule in enumerate(rules) for text in ("TRUE", *_weaker(rule))]
    asked = ", ".join(f"({text}) IS TRUE" for text in (*rules, *(text for _, text in weaker)))
    alive = set(range(len(weaker)))
    for example in (Example(table, "rows_valid", "SELECT 1"), *_OF[table, "rows_valid"]):
        with changed(memory, example.change):
            for row in memory.execute(f"SELECT DISTINCT {asked} FROM {table}").fetchall():
                judged, without = row[: len(rules)], row[len(rules) :]
                alive -= {
                    number
                    for number in alive
                    if without[number] != judged[weaker[number][0]]
                    and all(judged[: weaker[number][0]] + judged[weaker[number][0] + 1 :])
                }
    accepted = " ".join(ACCEPTED.get(table, ()))
    left = {rules[weaker[number][0]] for number in alive}
    # That a column is not NULL may follow from what its values have to be.
    assert {rule for rule in left if not (rule.endswith(" IS NOT NULL") and rule.split()[0] in accepted)} == set()


@cache
def _weaker(rule: str) -> tuple[str, ...]:
    tree = sqlglot.parse_one(rule, read="duckdb")
    return tuple(text.sql("duckdb") for _, text in simpler(tree) if isinstance(text, exp.Expression))


def test_little_is_not_judged_and_every_day_at_hand_is_told(memory: duckdb.DuckDBPyConnection) -> None:
    """A verdict has a row per day, with the band, whether or not the day has rows, fails, or is judged at all."""
    judged = {named(check): check for check in CHECKS if check.verdict}
    assert len(judged) == 9
    [gone] = [
        e
        for e in _OF["gold.daily_order_metrics", "orders_as_usual"]
        if e.failing and "DELETE FROM gold.daily_order_metrics WHERE" in e.change
    ][:1]
    with changed(memory, gone.change):
        for check in judged.values():
            rows = memory.execute(check.judged(DAYS) or "").pl()
            assert sorted(rows[check.day or ""]) == list(DAYS)
            assert {"value", "lower", "upper", "median", "history", "is_over"} <= set(rows.columns)
            assert memory.execute(check.judged([]) or "").pl().is_empty()
        rows = memory.execute(judged["gold.daily_order_metrics orders_as_usual"].judged(DAYS) or "").pl()
        of_day = {row["date"]: row for row in rows.to_dicts()}
        assert of_day[_DAY]["value"] == 0 and of_day[_DAY]["lower"] > 0 and of_day[_DAY]["history"] == 8
        assert of_day[date(2026, 11, 19)]["lower"] <= of_day[date(2026, 11, 19)]["value"]
