"""``flowguard doctor``: what is wrong, and what to do; and a person's decision to go on after a loss."""

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from flowguard.cli.app import Home, app, console
from flowguard.errors import InvalidInput
from flowguard.settings import load_settings

if TYPE_CHECKING:
    from flowguard.rounds.acceptance import Decision

RUN_ID = "flowguard doctor accept-gap"
_STYLES = {"good": "green", "notice": "yellow", "error": "red"}

doctor_app = typer.Typer(
    rich_markup_mode=None, help="Find what is wrong and say what to do; exits with 1 if something is."
)
app.add_typer(doctor_app, name="doctor")


@doctor_app.callback(invoke_without_command=True)
def doctor(context: typer.Context, home: Home = None) -> None:
    """Find what is wrong in a home and say what to do: disk, Kafka against what was ingested, accounts, quarantine.

    Exits with 1 if something is wrong.
    """
    if context.invoked_subcommand:
        return
    from flowguard.rounds.diagnosis import Level, diagnose

    sick = False
    for finding in diagnose(load_settings(home)):
        style = _STYLES[finding.level]
        console.print(f"[{style}]{finding.level:<7}[/] {finding.what:<15} {escape(finding.text)}", soft_wrap=True)
        if finding.advice:
            console.print(f"{'':<23} {escape(finding.advice)}", soft_wrap=True)
        sick |= finding.level is Level.error
    if sick:
        raise typer.Exit(1)


@doctor_app.command()
def accept_gap(
    topic: Annotated[str, typer.Argument(help="The topic whose gaps are accepted, all of them.")],
    reason: Annotated[str, typer.Option(help="Why; kept for ever beside the gap.", show_default=False)],
    home: Home = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Go on although Kafka lost records of a topic: the loss is recorded for ever, and the ledger counts it."""
    from flowguard.kafka.broker import Broker
    from flowguard.rounds.acceptance import accept, propose
    from flowguard.warehouse import open_warehouse

    if not reason.strip():
        raise InvalidInput("--reason is empty: say why the loss is accepted, for those who ask later")
    settings = load_settings(home)
    open_warehouse(settings, read_only=True).close()  # an empty home has nothing to lose
    with (
        closing(open_warehouse(settings)) as warehouse,
        closing(Broker(settings)) as broker,
        warehouse.session() as session,
    ):
        decision = propose(session, broker, topic)
        if decision is None:
            raise InvalidInput(f"topic {topic} has no gap: ingestion can go on, there is nothing to accept")
        for gap in decision.gaps:
            console.print(f"{gap.kind.__name__}: {gap.text}", markup=False, soft_wrap=True)
        console.print(_consequences(decision))
        if not yes:
            typer.confirm("Record this, and go on?", abort=True)
        accept(session, decision, reason=reason.strip(), run_id=RUN_ID)
    console.print("Recorded. Ingestion goes on with its next attempt.")


def _consequences(decision: "Decision") -> Table:
    table = Table("partition", "accepted as lost", "ingestion goes on at", box=None, pad_edge=False)
    lost = {gap.after.partition: gap for gap in decision.lost}
    for partition in sorted({*lost, *decision.starts}):
        gone = lost.get(partition)
        start = gone.end if gone else decision.starts[partition]
        where = f"{start} of generation {decision.generation}"
        table.add_row(str(partition), f"{gone.start} to {gone.end - 1}" if gone else "nothing known", where)
    return table
