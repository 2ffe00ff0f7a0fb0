"""``flowguard checks list``: what fails now."""

from typing import Annotated

import polars as pl
import typer

from flowguard.cli.app import Home
from flowguard.cli.checks.group import group
from flowguard.cli.output import Format, print_rows
from flowguard.cli.tables import reading

_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "table": pl.String,
    "check": pl.String,
    "day": pl.Date,
    "severity": pl.String,
    "rows": pl.Int64,
    "since": pl.Datetime("us"),
    "gold": pl.String,
    "reason": pl.String,
}


@group.command("list")
def list_(home: Home = None, format: Annotated[Format, typer.Option(help="How to print.")] = Format.table) -> None:
    """List the checks that fail, by day, and whether they hold GOLD back.

    ``gold`` is ``held`` where GOLD does not follow the day, or the days of the events that arrived on it;
    ``overridden`` where a person has decided that it may; and empty where the failure holds nothing back.
    """
    from flowguard.rounds.failures import Failure, open_failures
    from flowguard.rounds.holds import can_hold_back

    def gold(failure: Failure) -> str | None:
        if not can_hold_back(failure):
            return None
        return "overridden" if failure.overridden_at else "held"

    with reading(home) as warehouse:
        rows = [
            (f.table, f.check, f.day, f.severity, f.rows, f.since, gold(f), f.override_reason)
            for f in open_failures(warehouse)
        ]
    print_rows(pl.DataFrame(rows, schema=_COLUMNS, orient="row"), format)
