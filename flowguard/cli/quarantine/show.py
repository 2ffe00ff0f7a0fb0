"""``flowguard quarantine show``: one entry, complete."""

import base64
import sys
from typing import Annotated

import polars as pl
import typer

from flowguard.cli.app import Home, console
from flowguard.cli.output import Format, print_rows
from flowguard.cli.quarantine.group import group
from flowguard.cli.tables import reading
from flowguard.errors import InvalidInput
from flowguard.rounds.entries import EntryId

_ENTRY = """
SELECT
    {id} AS id, _topic AS topic, _generation AS generation, _partition AS partition, _offset AS kafka_offset,
    _arrived_at AS arrived_at, stage, rule, field, message, status, redrives, reason, decided_at, payload
FROM ops.quarantine WHERE {condition}
"""


@group.command()
def show(
    id: Annotated[str, typer.Argument(metavar="ID", help="The entry, such as orders.v1/1/0/1234.")],
    home: Home = None,
    raw: Annotated[bool, typer.Option("--raw", help="Write the original bytes, exactly and nothing else.")] = False,
    format: Annotated[Format, typer.Option(help="How to print.")] = Format.table,
) -> None:
    """Show an entry with its original bytes: as text where they are UTF-8 that can be printed, else as base64.

    Of an event that the gateway refused, these are what it kept: the first 64 KiB.
    """
    entry = EntryId.parse(id)
    with reading(home) as warehouse:
        found = warehouse.query(_ENTRY.format(id=f"'{entry}'", condition=entry.condition))
    if found.is_empty():
        raise InvalidInput(f"{entry} is not in quarantine: `flowguard quarantine list --entries` shows what is")
    payload = found["payload"].item()
    if raw:
        sys.stdout.buffer.write(payload or b"")
        return
    encoding, text = _readable(payload)
    shown = found.with_columns(pl.lit(encoding, pl.String).alias("encoding"), pl.lit(text, pl.String).alias("payload"))
    if format is not Format.table:
        print_rows(shown, format)
        return
    for name, value in shown.drop("payload").row(0, named=True).items():
        console.print(f"{name:<13}{'' if value is None else value}", markup=False, soft_wrap=True)
    typer.echo(f"\n{'(the record had no value)' if text is None else text}")


def _readable(payload: bytes | None) -> tuple[str | None, str | None]:
    """How bytes are written so that a terminal is not harmed, and the text."""
    if payload is None:
        return None, None
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return "base64", base64.b64encode(payload).decode()
    if all(character.isprintable() or character in "\n\r\t" for character in text):
        return "utf-8", text
    return "base64", base64.b64encode(payload).decode()
