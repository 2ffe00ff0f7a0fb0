"""``python -m flowguard_tests.chaos --minutes 10 [--seed 1]``: exits with 1 if anything is lost, doubled or unclear."""

import secrets
from typing import Annotated

import typer

from flowguard.cli.output import Format, print_rows
from flowguard_tests.chaos.run import chaos


def main(
    minutes: Annotated[float, typer.Option(min=0.1, help="How long faults go on.")] = 10,
    seed: Annotated[int | None, typer.Option(help="The same seed chooses the same faults.", show_default="any")] = None,
) -> None:
    """Hurt the whole platform at random under steady traffic, then count every event."""
    chosen = secrets.randbelow(1_000_000) if seed is None else seed
    typer.echo(f"seed {chosen}")
    outcome = chaos(minutes, chosen, typer.echo)
    print_rows(outcome.ledger, Format.table)
    typer.echo()
    print_rows(outcome.partitions, Format.table)
    typer.echo(
        f"\n{outcome.faults} faults, {outcome.runs} ingesting runs; {outcome.once:,} events accepted when first sent, "
        f"{outcome.again:,} after having been sent again, {outcome.refused:,} refused"
    )
    for wrong in outcome.wrong:
        typer.echo(f"WRONG: {wrong}")
    typer.echo("Something is wrong." if outcome.wrong else "Nothing is lost, nothing counts twice.")
    raise typer.Exit(1 if outcome.wrong else 0)


if __name__ == "__main__":
    typer.run(main)
