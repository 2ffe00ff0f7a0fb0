"""``flowguard config``: every setting, and where it came from."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from flowguard.cli.app import Home, app, console
from flowguard.settings import PREFIX, Settings, load_settings, where_from

_ROOMY = 120
"""Columns of a terminal from which on the descriptions fit too."""


class Format(StrEnum):
    table = "table"
    json = "json"


@app.command()
def config(home: Home = None, format: Annotated[Format, typer.Option(help="How to print.")] = Format.table) -> None:
    """Print all settings and where each came from; secrets are masked."""
    rows = _rows(home)
    if format is Format.json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        console.print(_table(rows))


def _rows(home: Path | None) -> list[dict[str, Any]]:
    settings = load_settings(home)
    values = settings.model_dump(mode="json")  # pydantic masks secrets
    places = where_from(settings.home) | ({"home": "--home"} if home else {})
    return [
        {
            "setting": f"{PREFIX}{name}".upper(),
            "value": values[name],
            "from": places[name],
            "description": field.description,
        }
        for name, field in Settings.model_fields.items()
    ]


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("setting", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("from", overflow="fold")
    roomy = console.width >= _ROOMY
    if roomy:
        table.add_column("what it is")
    for row in rows:
        value = ",".join(row["value"]) if isinstance(row["value"], list) else str(row["value"])
        cells = [row["setting"], value, row["from"], *([row["description"]] if roomy else [])]
        table.add_row(*cells, style="" if row["from"] == "default" else "bold")
    return table
