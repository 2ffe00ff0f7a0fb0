"""docs/checks.md tells of every check, on which tables, and how bad it is."""

import re
from collections import defaultdict
from pathlib import Path

from flowguard.checks.registry import CHECKS

PAGE = (Path(__file__).parents[2] / "docs" / "checks.md").read_text()
ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \| (ERROR|WARN) \| [^|]+ \| [^|]+ \|$", re.MULTILINE)


def test_every_check_is_told_of_with_its_tables_and_severity() -> None:
    tables: dict[str, set[str]] = defaultdict(set)
    severities: dict[str, set[str]] = defaultdict(set)
    for check in CHECKS:
        tables[check.name].add(check.table)
        severities[check.name].add("ERROR" if check.error else "WARN")
    everywhere = tables["keys_unique"]
    told = {
        name: (everywhere if where == "every table" else set(re.findall(r"`([\w.]+)`", where)), {severity})
        for name, where, severity in ROW.findall(PAGE)
    }
    assert told == {name: (tables[name], severities[name]) for name in tables}
    assert len(ROW.findall(PAGE)) == len(tables)
