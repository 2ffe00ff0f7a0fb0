"""``flowguard alerts list``: what is open, or all that there was."""

from typing import Annotated

import typer

from flowguard.cli.alerts.group import group
from flowguard.cli.app import Home
from flowguard.cli.output import Format, print_rows
from flowguard.cli.tables import reading

_ALERTS = """
SELECT
    a.id, a.state, a.severity, a.kind, a.title, a.days, a.times, a.began_at, a.over_at,
    COUNT(*) FILTER (WHERE d.told = a.state || ' ' || a.revision) || ' of ' || COUNT(d.alert_id) AS receivers_told,
    MAX(d.error) AS error
FROM ops.alerts AS a LEFT JOIN ops.alert_deliveries AS d ON d.alert_id = a.id
WHERE {condition}
GROUP BY ALL ORDER BY a.began_at DESC, a.id LIMIT {limit}
"""


@group.command("list")
def list_(
    home: Home = None,
    all: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Most alerts to list.")] = 50,
    format: Annotated[Format, typer.Option(help="How to print.")] = Format.table,
) -> None:
    """List the alerts that are open, the newest first, and how many of the receivers know how each stands."""
    with reading(home) as warehouse:
        condition = "TRUE" if all else "a.state = 'open'"
        rows = warehouse.query(_ALERTS.format(condition=condition, limit=limit))
    print_rows(rows, format)
