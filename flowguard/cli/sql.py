"""``flowguard sql``: a question to the tables."""

from typing import Annotated

import typer

from flowguard.cli.app import Home, app
from flowguard.cli.output import Format, print_rows
from flowguard.settings import load_settings


@app.command()
def sql(
    statement: Annotated[str, typer.Argument(help="A SELECT over schemas bronze, silver, gold and ops.")],
    home: Home = None,
    format: Annotated[Format, typer.Option(help="How to print.")] = Format.table,
) -> None:
    """Answer a SELECT from the tables. Reads only, and never holds up ingestion."""
    from flowguard.warehouse import open_warehouse

    warehouse = open_warehouse(load_settings(home), read_only=True)
    try:
        print_rows(warehouse.query(statement), format)
    finally:
        warehouse.close()
