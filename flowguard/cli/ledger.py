"""``flowguard ledger``: where every offset went."""

from contextlib import closing
from datetime import datetime
from typing import Annotated

import typer

from flowguard.cli.app import Home, app, day_option, remarks
from flowguard.cli.output import Format, print_rows
from flowguard.errors import InvalidInput
from flowguard.settings import Settings, load_settings


@app.command()
def ledger(
    home: Home = None,
    first: Annotated[datetime | None, day_option("--from", "First day of arrival, such as 2026-11-21.")] = None,
    last: Annotated[datetime | None, day_option("--to", "Last day of arrival.")] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Count again: every offset of Kafka against every row in the tables.")
    ] = False,
    format: Annotated[Format, typer.Option(help="How to print.")] = Format.table,
) -> None:
    """Show the flow ledger per day of arrival and topic; exits with 1 if some day does not balance.

    With --verify, shows each partition instead, counted again from Kafka's own offsets and from the tables; exits
    with 1 if something is missing, doubled, or not what the ledger says.
    """
    from flowguard.warehouse import open_warehouse

    if first and last and first > last:
        raise InvalidInput(f"--from {first:%Y-%m-%d} is after --to {last:%Y-%m-%d}: swap them")
    if verify:
        if first or last:
            raise InvalidInput("--verify counts everything: it takes neither --from nor --to")
        _verify(load_settings(home), format)
        return
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


def _verify(settings: Settings, format: Format) -> None:
    from flowguard.kafka.broker import Broker
    from flowguard.rounds.verification import verify
    from flowguard.warehouse import open_warehouse

    with closing(open_warehouse(settings, read_only=True)) as warehouse, closing(Broker(settings)) as broker:
        verified = verify(warehouse, broker)
    print_rows(verified.partitions, format)
    if verified.good:
        remarks.print("Verified: each offset is accounted for exactly once, and the ledger says so.", style="green")
        return
    for row in verified.ledger.iter_rows(named=True):
        remarks.print(f"{row['arrival_date']} {row['topic']}: {row['problem']}", markup=False, style="red")
    remarks.print("Not verified: look at the rows with a problem, and at flowguard doctor.", style="red")
    raise typer.Exit(1)
