"""Printing rows: as a table for people, as CSV or JSON for programs."""

from enum import StrEnum

import polars as pl
import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from flowguard.cli.app import console
from flowguard.models.exact import exact, exact_json

_WIDEST = 10_000


class Format(StrEnum):
    """How rows are printed."""

    table = "table"
    csv = "csv"
    json = "json"


def print_rows(rows: pl.DataFrame, format: Format, title: str | None = None) -> None:
    """CSV has a header; JSON is an array of objects; decimals are exact text, times end in Z, bytes are base64."""
    if format is Format.csv:
        typer.echo(exact(rows).write_csv(), nl=False)
    elif format is Format.json:
        typer.echo(exact_json(rows, indent=2))
    else:
        _print_whole(_table(rows, title))


def _print_whole(table: Table) -> None:
    """A row stays a line, as wide as it must be: a date folded into three lines helps nobody."""
    roomy = console.options.update(width=_WIDEST, max_width=_WIDEST)
    width = Measurement.get(console, roomy, table).maximum
    Console(highlight=False, width=max(width, console.width)).print(table)


def _table(rows: pl.DataFrame, title: str | None) -> Table:
    table = Table(title=title, box=None, pad_edge=False, header_style="bold")
    for name, kind in rows.schema.items():
        table.add_column(name, justify="right" if kind.is_numeric() else "left", no_wrap=True)
    for row in rows.iter_rows():
        table.add_row(*("" if value is None else _cell(value) for value in row))
    return table


def _cell(value: object) -> str:
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return text.replace("[", r"\[")
