"""``flowguard alerts show``: the whole message."""

from typing import Annotated

import typer

from flowguard.cli.alerts.group import group
from flowguard.cli.app import Home
from flowguard.cli.tables import reading
from flowguard.errors import InvalidInput


@group.command()
def show(
    id: Annotated[str, typer.Argument(help="The alert's id, as each message about it names it.")], home: Home = None
) -> None:
    """Print an alert as people are told of it."""
    from flowguard.alerts.history import find
    from flowguard.alerts.message import message

    with reading(home) as warehouse:
        alert = find(warehouse, id)
    if alert is None:
        raise InvalidInput(f"there is no alert {id}: `flowguard alerts list --all` names them")
    told = message(alert)
    typer.echo(f"{told.title}\n\n{told.body}")
