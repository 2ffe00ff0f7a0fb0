"""``flowguard quarantine redrive``: refused records are decoded again, by today's rules."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from flowguard.cli.app import Home, console, remarks
from flowguard.cli.output import Format, print_rows
from flowguard.cli.progress import bar
from flowguard.cli.quarantine.group import Days, Ids, Rules, Stages, Topics, Yes, group, selection
from flowguard.cli.tables import writing
from flowguard.errors import InvalidInput
from flowguard.rounds.entries import Selection

if TYPE_CHECKING:
    from flowguard.warehouse import Warehouse


@group.command()
def redrive(
    ids: Ids = None,
    home: Home = None,
    rules: Rules = None,
    stages: Stages = None,
    days: Days = None,
    topics: Topics = None,
    statuses: Annotated[
        list[str] | None,
        typer.Option("--status", help="open, discarded: which are tried.  [default: open]", show_default=False),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All open entries.")] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Try this many at most, the oldest first.", show_default=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would happen, and stop.")] = False,
    yes: Yes = False,
    format: Annotated[Format, typer.Option(help="How to print what would happen.")] = Format.table,
) -> None:
    """Decode refused records again in place, by today's rules and settings. Nothing is written to Kafka.

    What passes becomes a Bronze row and follows into SILVER and GOLD; what is still refused stays, with today's
    reason, and was tried once more. Shows first what would happen. Can be stopped at any time and started again.

    Discarded entries are tried only with --status discarded; those that are still refused stay discarded. What the
    gateway refused is never redriven: its client was told, and has to send the event again.
    """
    from flowguard.rounds.redrive import count_redrivable, rehearse
    from flowguard.rounds.redrive import redrive as redrive_entries

    chosen = selection(ids, rules, stages, topics, days, statuses)
    if chosen == Selection() and not everything:
        raise InvalidInput("which entries? Name them by id, --rule, --stage, --day, --topic or --status, or say --all")
    with writing(home) as (settings, warehouse):
        _tell_of_the_gateway(warehouse, chosen)
        total = count_redrivable(warehouse, settings, chosen)
        total = total if limit is None else min(total, limit)
        if not total:
            remarks.print("No entry is to be redriven.")
            return
        with bar("trying", total) as advance:
            rows = rehearse(warehouse, settings, chosen, limit=limit, on_batch=advance)
        print_rows(rows, format)
        if dry_run:
            return
        if not yes:
            typer.confirm(f"Redrive {total:,} entries?", abort=True, err=True)
        with bar("redriving", total) as advance:
            done = redrive_entries(
                warehouse,
                settings,
                chosen,
                run_id=f"redrive-{uuid4()}",
                limit=limit,
                on_batch=lambda batch: advance(batch.tried),
            )
    (console if format is Format.table else remarks).print(
        f"{done.passed:,} redriven, {done.tried - done.passed:,} still refused."
    )


def _tell_of_the_gateway(warehouse: "Warehouse", chosen: Selection) -> None:
    stages = set(chosen.stages or ("gateway",)) & {"gateway"}
    refused = replace(chosen, stages=tuple(stages), statuses=("open",))
    count = warehouse.query(f"SELECT COUNT(*) FROM ops.quarantine WHERE {refused.condition}").item() if stages else 0
    if count:
        remarks.print(
            f"{count:,} entries of stage gateway are not redriven: their clients were told to send them again.",
            soft_wrap=True,
        )
