"""``flowguard status``: what runs, how far ingestion is, whether the accounts balance, what GOLD waits for."""

import os
from collections.abc import Iterator, Sequence

import polars as pl
from rich.table import Table

from flowguard.cli.app import Home, app, console, remarks
from flowguard.errors import BrokerUnavailable, FlowGuardError, InvalidInput
from flowguard.kafka.ranges import Position
from flowguard.local.home import Running, running
from flowguard.settings import Settings, load_settings

_LEDGER = """
SELECT arrival_date, topic, offsets, bronze_rows, quarantined, balanced
FROM gold.flow_ledger WHERE arrival_date = (SELECT MAX(arrival_date) FROM gold.flow_ledger) ORDER BY topic
"""


@app.command()
def status(home: Home = None) -> None:
    """Show what runs in a home, each topic's lag, the ledger of its last day, and which days of GOLD are held back."""
    settings = load_settings(home)
    platform = running(settings.home)
    console.print(_parts(platform) if platform else f"Nothing runs in {settings.home}.", soft_wrap=True)
    for part in _of_warehouse(settings):
        console.print()
        console.print(part, soft_wrap=isinstance(part, str), markup=not isinstance(part, str))


def _of_warehouse(settings: Settings) -> Iterator[Table | str]:
    from flowguard.rounds.holds import waiting
    from flowguard.rounds.progress import positions
    from flowguard.warehouse import open_warehouse

    try:
        warehouse = open_warehouse(settings, read_only=True)
    except InvalidInput as no_warehouse:
        remarks.print(str(no_warehouse), soft_wrap=True)
        return
    try:
        with warehouse.session() as session:
            yield _lag(settings, positions(session))
            yield _ledger(session.query(_LEDGER))
        if held := waiting(warehouse).held:
            yield "\n".join(map(str, held))
    finally:
        warehouse.close()


def _parts(platform: Running) -> Table:
    table = Table("part", "address", "process", "", box=None, pad_edge=False, title=f"up, process {platform.pid}")
    for name, part in platform.parts.items():
        runs = "[green]runs[/green]" if _exists(part["pid"]) else "[red]gone[/red]"
        table.add_row(name, part["address"] or "", str(part["pid"]), runs)
    return table


def _lag(settings: Settings, positions: Sequence[Position]) -> Table:
    """Records that Kafka holds and the tables do not, by topic."""
    from flowguard.kafka.broker import Broker
    from flowguard.local import ready

    table = Table("topic", "in Kafka", "not yet ingested", box=None, pad_edge=False)
    next_offsets = {(p.topic, p.partition): p.next_offset for p in positions}
    try:
        if ready.broker(settings):  # sooner known than a broker's own patience is over
            raise BrokerUnavailable(f"Kafka does not answer on {settings.kafka_bootstrap_servers}")
        broker = Broker(settings)
        try:
            watermarks = broker.watermarks()
        finally:
            broker.close()
    except FlowGuardError as error:
        table.add_row("", "", f"unknown: {error}")
        return table
    for topic in settings.topics:
        own = {tp: marks for tp, marks in watermarks.items() if tp.topic == topic}
        held = sum(marks.high - marks.low for marks in own.values())
        lag = sum(marks.high - next_offsets.get((topic, tp.partition), marks.low) for tp, marks in own.items())
        table.add_row(topic, f"{held:,}", f"{lag:,}")
    return table


def _ledger(rows: pl.DataFrame) -> Table:
    """The last day of the ledger; `flowguard ledger` shows all of it."""
    table = Table(*rows.columns, box=None, pad_edge=False)
    if rows.is_empty():
        table.add_row("no day in the ledger yet")
    for row in rows.iter_rows(named=True):
        table.add_row(*map(str, row.values()), style="" if row["balanced"] else "red")
    return table


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
