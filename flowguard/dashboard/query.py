"""What a chart asks: one SELECT, which people may read, and which tables it comes from."""

from dataclasses import dataclass
from functools import cached_property

import sqlglot
from sqlglot import exp

from flowguard.dashboard.filters import Days


@dataclass(frozen=True)
class Query:
    """``sql``: a SELECT in which ``$first`` and ``$last`` stand for the days, both included."""

    sql: str

    def text(self, days: Days) -> str:
        """The statement as it is sent: nothing but days is put into it."""
        text = self.sql.strip()
        for name, day in (("$first", days.first), ("$last", days.last)):
            text = text.replace(name, f"CAST('{day}' AS DATE)")
        return text

    @cached_property
    def tables(self) -> frozenset[str]:
        """The tables that it names, such as ``gold.click_heatmap``."""
        tree = sqlglot.parse_one(self.sql.replace("$first", "NULL").replace("$last", "NULL"), read="duckdb")
        return frozenset(f"{table.db}.{table.name}" for table in tree.find_all(exp.Table) if table.db)
