"""``flowguard checks override``: GOLD follows a day although a check fails on it."""

from typing import Annotated

import typer

from flowguard.cli.app import Home, console
from flowguard.cli.checks.group import Check, Day, Table, group
from flowguard.cli.tables import writing
from flowguard.errors import InvalidInput


@group.command()
def override(
    table: Table,
    check: Check,
    day: Day,
    home: Home = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why; people will ask.", show_default=False)] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Hold back again.")] = False,
) -> None:
    """Let GOLD follow a day, of the event for SILVER and of arrival for Bronze, although a check fails on it.

    It holds for the rows that fail now: when more of them do, GOLD is held back again. It ends when the check passes.
    """
    from flowguard.rounds.overriding import override as override_failure
    from flowguard.rounds.overriding import undo_override

    if undo == (reason is not None):
        raise InvalidInput("give either --reason, why GOLD may follow, or --undo")
    with writing(home) as (_, warehouse):
        if reason is None:
            failure = undo_override(warehouse, table, check, day.date())
            console.print(f"{failure.name} holds GOLD back again.", markup=False, soft_wrap=True)
        else:
            failure = override_failure(warehouse, table, check, day.date(), reason)
            rows = "1 failing row" if failure.rows == 1 else f"{failure.rows:,} failing rows"
            console.print(f"{failure.name} is overridden for its {rows}.", markup=False, soft_wrap=True)
