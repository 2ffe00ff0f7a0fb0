"""GOLD that does not add up."""

import re
from collections.abc import Iterator

from flowguard.checks.registry import CHECKS
from flowguard_tests.checks.examples.behind import BEHIND
from flowguard_tests.checks.examples.example import THE_DAY, Example


def examples() -> Iterator[Example]:
    """One more in a figure of GOLD; a row of GOLD that is gone; and the same on a day that GOLD is behind."""
    for check in CHECKS:
        if not check.name.endswith(("adds_up", "add_up")) or not check.table.startswith("gold."):
            continue
        table, day = check.table, check.day
        figures = sorted(set(re.findall(r"SUM\((\w+)_expected\)", check.sql)))
        where = f"{day} = '{THE_DAY}'" if day else "TRUE"
        row = f"rowid = (SELECT MIN(rowid) FROM {table} WHERE {where} AND {figures[0]} > 0)"
        failing = ((THE_DAY, None),) if day else ((None, None),)
        for figure in figures:
            yield Example(table, check.name, f"UPDATE {table} SET {figure} = {figure} + 1 WHERE {row}", failing)
        yield Example(table, check.name, f"DELETE FROM {table} WHERE {row};", failing)
        if day is None:
            mark = "INSERT INTO ops.dirty_days VALUES ('{}', '2026-11-20', 1);"
            yield Example(table, check.name, f"DELETE FROM {table} WHERE {row};" + mark.format("gold.user_sessions"))
            other = mark.format("silver.orders_cleaned")
            yield Example(table, check.name, f"DELETE FROM {table} WHERE {row};" + other, failing)
            continue
        for noted, fails in BEHIND:
            yield Example(table, check.name, f"DELETE FROM {table} WHERE {row};{noted}", failing if fails else ())
