"""``flowguard checks show``: one failure, complete."""

import json
from datetime import datetime
from typing import Annotated

import polars as pl
import typer

from flowguard.cli.app import Home, console
from flowguard.cli.checks.group import Check, Table, group
from flowguard.cli.output import Format, print_rows
from flowguard.cli.tables import reading


@group.command()
def show(
    table: Table,
    check: Check,
    day: Annotated[
        datetime | None,
        typer.Argument(
            metavar="[DAY]",
            help="Such as 2026-11-21; none for a table without days.",
            formats=["%Y-%m-%d"],
            show_default=False,
        ),
    ] = None,
    home: Home = None,
) -> None:
    """Show a check that fails on a day: a few of the failing rows, and the query that finds all of them."""
    from flowguard.rounds.failures import find

    with reading(home) as warehouse:
        failure = find(warehouse, table, check, day.date() if day else None)
    facts = {
        "severity": failure.severity,
        "failing rows": f"{failure.rows:,}",
        "since": f"{failure.since:%F %T} UTC",
        "evaluated": f"{failure.evaluated_at:%F %T} UTC, by run {failure.run_id}",
        "overridden": f"{failure.overridden_at:%F %T} UTC: {failure.override_reason}" if failure.overridden_at else "",
        "must hold": failure.description,
    }
    for name, value in facts.items():
        console.print(f"{name:<13}{value}", markup=False, soft_wrap=True)
    console.print()
    print_rows(pl.DataFrame(json.loads(failure.examples), infer_schema_length=None), Format.table)
    typer.echo(f"\n{failure.sql}")
