"""``flowguard ledger``: where every offset went."""

from datetime import datetime
from typing import Annotated, Any

import typer

from flowguard.cli.app import Home, app, remarks
from flowguard.cli.output import Format, print_rows
from flowguard.errors import InvalidInput
from flowguard.settings import load_settings


def _day(name: str, help: str) -> Any:
    return typer.Option(name, help=help, formats=["%Y-%m-%d"], metavar="DAY", show_default=False)


@app.command()
def ledger(
    home: Home = None,
    first: Annotated[datetime | None, _day("--from", "First day of arrival, such as 2026-11-21.")] = None,
    last: Annotated[datetime | None, _day("--to", "Last day of arrival.")] = None,
    format: Annotated[Format, typer.Option(help="How to print.")] = Format.table,
) -> None:
    """Show the flow ledger per day of arrival and topic; exits with 1 if some day does not balance."""
    from flowguard.warehouse import open_warehouse

    if first and last and first > last:
        raise InvalidInput(f"--from {first:%Y-%m-%d} is after --to {last:%Y-%m-%d}: swap them")
    conditions = ["TRUE"]
    conditions += [f"arrival_date >= '{first:%Y-%m-%d}'"] if first else []
    conditions += [f"arrival_date <= '{last:%Y-%m-%d}'"] if last else []
    warehouse = open_warehouse(load_settings(home), read_only=True)
    try:
        where = " AND ".join(conditions)
        rows = warehouse.query(f"SELECT * FROM gold.flow_ledger WHERE {where} ORDER BY arrival_date, topic")
    finally:
        warehouse.close()
    print_rows(rows, format)
    if not rows["balanced"].all():
        remarks.print("the ledger does not balance: look at the rows with balanced = false", style="red")
        raise typer.Exit(1)
