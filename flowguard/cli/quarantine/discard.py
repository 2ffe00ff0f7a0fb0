"""``flowguard quarantine discard``: refused records of which nothing is expected any more."""

from typing import Annotated

import typer

from flowguard.cli.app import Home, console, remarks
from flowguard.cli.output import Format, print_rows
from flowguard.cli.quarantine.group import Days, Ids, Rules, Stages, Topics, Yes, group, selection
from flowguard.cli.tables import writing
from flowguard.errors import InvalidInput
from flowguard.rounds.entries import Selection


@group.command()
def discard(
    reason: Annotated[str, typer.Option("--reason", help="Why; people will ask.", show_default=False)],
    ids: Ids = None,
    home: Home = None,
    rules: Rules = None,
    stages: Stages = None,
    days: Days = None,
    topics: Topics = None,
    everything: Annotated[bool, typer.Option("--all", help="All open entries.")] = False,
    yes: Yes = False,
    format: Annotated[Format, typer.Option(help="How to print what is chosen.")] = Format.table,
) -> None:
    """Mark open entries as discarded, with the reason. Nothing is deleted.

    Discarded entries are counted by the ledger as before, are listed with --status discarded, and are left alone by
    backfills and redrives, but for a redrive with --status discarded. Entries that are redriven cannot be discarded.
    """
    from flowguard.rounds.discard import discard as discard_entries
    from flowguard.rounds.discard import what_is_discarded

    chosen = selection(ids, rules, stages, topics, days)
    if chosen == Selection() and not everything:
        raise InvalidInput("which entries? Name them by id, --rule, --stage, --day or --topic, or say --all")
    with writing(home) as (settings, warehouse):
        rows = what_is_discarded(warehouse, chosen)
        if rows.is_empty():
            remarks.print("No open entry is chosen.")
            return
        print_rows(rows, format)
        if not yes:
            typer.confirm(f"Discard {rows['entries'].sum():,} entries?", abort=True, err=True)
        changes = discard_entries(warehouse, settings, chosen, reason)
    (console if format is Format.table else remarks).print(f"{sum(changes.values()):,} discarded.")
