"""``flowguard quarantine list``: how much was refused, by what; or each entry."""

from typing import Annotated

import typer

from flowguard.cli.app import Home
from flowguard.cli.output import Format, print_rows
from flowguard.cli.quarantine.group import Days, Rules, Stages, Topics, group, selection
from flowguard.cli.tables import reading

_COUNTS = """
SELECT {day}stage, rule, status, COUNT(*) AS entries
FROM ops.quarantine WHERE {condition}
GROUP BY {day}stage, rule, status ORDER BY {newest}entries DESC, stage, rule, status
"""
_ENTRIES = """
SELECT
    _topic || '/' || _generation || '/' || _partition || '/' || _offset AS id,
    _arrived_at AS arrived_at, stage, rule, field, message, status, redrives, reason
FROM ops.quarantine WHERE {condition}
ORDER BY _arrived_at DESC, _topic, _generation DESC, _partition, _offset DESC LIMIT {limit}
"""


@group.command("list")
def list_(
    home: Home = None,
    rules: Rules = None,
    stages: Stages = None,
    days: Days = None,
    statuses: Annotated[
        list[str] | None, typer.Option("--status", help="open, redriven or discarded.", show_default=False)
    ] = None,
    topics: Topics = None,
    by_day: Annotated[bool, typer.Option("--by-day", help="Count each day of arrival on its own.")] = False,
    entries: Annotated[bool, typer.Option("--entries", help="List entries, the newest first.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Most entries to list.")] = 50,
    format: Annotated[Format, typer.Option(help="How to print.")] = Format.table,
) -> None:
    """Count entries by stage, rule and status, or list them. An option that is repeated allows either value."""
    condition = selection(rules=rules, stages=stages, topics=topics, days=days, statuses=statuses).condition
    day, newest = ("_arrival_date, ", "_arrival_date DESC, ") if by_day else ("", "")
    counts = _COUNTS.format(day=day, newest=newest, condition=condition)
    with reading(home) as warehouse:
        rows = warehouse.query(_ENTRIES.format(condition=condition, limit=limit) if entries else counts)
    print_rows(rows, format)
