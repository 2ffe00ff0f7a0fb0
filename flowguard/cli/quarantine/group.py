"""What the commands about quarantine share: their group, and the options that choose entries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from flowguard.cli.app import app
from flowguard.rounds.entries import EntryId, Selection

group = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Show what was refused and why, redrive it, or discard it."
)
app.add_typer(group, name="quarantine")

Ids = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID]...", help="Entries, such as orders.v1/1/0/1234.", show_default=False),
]
Rules = Annotated[list[str] | None, typer.Option("--rule", help="Refused by this rule.", show_default=False)]
Stages = Annotated[
    list[str] | None, typer.Option("--stage", help="Refused at bronze, silver or gateway.", show_default=False)
]
Topics = Annotated[list[str] | None, typer.Option("--topic", help="Of this Kafka topic.", show_default=False)]
Days = Annotated[
    list[datetime] | None,
    typer.Option(
        "--day", help="Arrived on this UTC day, such as 2026-11-21.", formats=["%Y-%m-%d"], show_default=False
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def selection(
    ids: Sequence[str] | None = None,
    rules: Sequence[str] | None = None,
    stages: Sequence[str] | None = None,
    topics: Sequence[str] | None = None,
    days: Sequence[datetime] | None = None,
    statuses: Sequence[str] | None = None,
) -> Selection:
    """The entries that the options of a command choose."""
    return Selection(
        ids=tuple(EntryId.parse(text) for text in ids or ()),
        rules=tuple(rules or ()),
        stages=tuple(stages or ()),
        topics=tuple(topics or ()),
        days=tuple(day.date() for day in days or ()),
        statuses=tuple(statuses or ()),
    )
