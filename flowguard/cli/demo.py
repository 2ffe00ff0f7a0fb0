"""``flowguard demo``: the whole flow without a person, and a check of every figure."""

import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from flowguard.cli.app import app, console, remarks
from flowguard.cli.progress import bar, waiting
from flowguard.cli.replay import send
from flowguard.errors import InvalidInput
from flowguard.settings import Settings, load_settings

if TYPE_CHECKING:
    from flowguard.local.platform import Platform
    from flowguard.local.shoppers import Account, Plan
    from flowguard.warehouse import Warehouse

LocalBroker = Literal["embedded", "kafka"]
LocalWarehouse = Literal["ducklake", "snowflake"]


@app.command()
def demo(
    events: Annotated[int, typer.Option(min=1, help="How many records the shoppers send.")] = 50_000,
    days: Annotated[int, typer.Option(min=1, max=365, help="Days over which they spread, today the last.")] = 7,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same shoppers.", show_default="any")] = None,
    home: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep everything in this directory.", show_default="a temporary one"),
    ] = None,
    input: Annotated[
        list[Path] | None, typer.Option(metavar="FILE...", help="Replay these instead: NDJSON, CSV or Parquet.")
    ] = None,
    currency: Annotated[str | None, typer.Option(help="The currency, where --input has several.")] = None,
    broker: Annotated[LocalBroker, typer.Option(help="Start the embedded broker, or an Apache Kafka.")] = "embedded",
    warehouse: Annotated[
        LocalWarehouse,
        typer.Option(help="Tables in DuckLake, or in a fakesnow server, which forgets them at the end of the demo."),
    ] = "ducklake",
    more: Annotated[list[Path] | None, typer.Argument(metavar="FILE", hidden=True)] = None,
) -> None:
    """Run the real platform in a home of its own, send events through it, and check GOLD against what was sent.

    Exits with 0 only if the ledger balances and every figure equals the shoppers' own account. With --input, the
    start date and the currency follow the files, lines that break a rule are listed, and only the ledger is checked.
    """
    files = [*(input or ()), *(more or ())]
    if files and not input:
        raise InvalidInput(f"files of your own need --input: flowguard demo --input {files[0]} --home DIR")
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a script's ``&`` has made Python ignore them
        signal.signal(number, signal.default_int_handler)
    if files and warehouse == "snowflake":
        raise InvalidInput("--input keeps the tables for your questions, and fakesnow forgets them: use DuckLake")
    good = (
        _with_files(files, home, currency, broker)
        if files
        else _with_shoppers(events, days, seed, home, broker, warehouse)
    )
    if not good:
        raise typer.Exit(1)


def _with_shoppers(
    events: int, days: int, seed: int | None, home: Path | None, broker: LocalBroker, warehouse: LocalWarehouse
) -> bool:
    from flowguard.local.shoppers import Plan

    end = datetime.now(UTC).replace(microsecond=0)
    chosen = secrets.randbelow(1_000_000) if seed is None else seed
    with _home(home) as directory:
        settings = _settings(directory, **_tables(directory, warehouse))
        good = _simulated(Plan(chosen, events, days, end, settings.currency), settings, broker)
        if not good:
            raise typer.Exit(1)
    return good


def _with_files(files: list[Path], home: Path | None, currency: str | None, broker: LocalBroker) -> bool:
    """Replay files into a home that is kept; whether the ledger balances."""
    from flowguard.replay import read_files

    if home is None:
        raise InvalidInput("--input needs --home DIR, where the tables stay for your questions")
    read_files(files)  # so that a mistyped name is told before anything starts
    settings = _settings(home, **_tables(home, "ducklake"), **_of_the_files(files, home, currency))
    with _platform(settings, broker) as (platform, warehouse):
        send(files, settings)
        _wait(settings, warehouse, platform)
        good = _show(warehouse, settings)
    console.print(f'Ask on: flowguard sql --home {home} "SELECT * FROM gold.daily_order_metrics"', soft_wrap=True)
    return good


def _of_the_files(files: list[Path], home: Path, currency: str | None) -> dict[str, object]:
    """Start date and currency for a new home; a home that is there keeps its own."""
    from flowguard.local.home import is_home
    from flowguard.replay import survey, total_bytes

    if is_home(home):
        return {}
    with bar("looking through the files", total_bytes(files), of_bytes=True) as advance:
        found = survey(files, advance)
    if found.first_day is None:
        raise InvalidInput(f"no line of {', '.join(map(str, files))} has a readable event_timestamp")
    if currency is None and len(found.currencies) > 1:
        counts = ", ".join(f"{name} ({count:,})" for name, count in found.currencies.most_common())
        raise InvalidInput(f"the shop has one currency, the orders have {counts}: choose one with --currency")
    chosen = currency or next(iter(found.currencies), None)
    return {"start_date": found.first_day} | ({"currency": chosen} if chosen else {})


@contextmanager
def _home(given: Path | None) -> Iterator[Path]:
    """The home: the one that was asked for, or a temporary one that stays only if something went wrong."""
    from flowguard.local.home import is_home

    if given is not None:
        if is_home(given):
            raise InvalidInput(f"{given} holds data already, which the shoppers know nothing of: give a new directory")
        yield given
        return
    directory = Path(tempfile.mkdtemp(prefix="flowguard-demo-"))
    try:
        yield directory
    except BaseException:
        remarks.print(f"Everything is kept in {directory}", soft_wrap=True)
        raise
    shutil.rmtree(directory)


def _tables(home: Path, warehouse: LocalWarehouse) -> dict[str, object]:
    """Where the tables are, whatever the environment says: made-up events are not for the shop's own account."""
    from flowguard.local import fakesnow
    from flowguard.local.ports import free_port

    if warehouse == "ducklake":
        return {"warehouse": warehouse}
    return fakesnow.login(home / "fakesnow", free_port())


def _settings(home: Path, **given: object) -> Settings:
    from flowguard.local.ports import on_free_ports

    return on_free_ports(load_settings(home, **given))


def _simulated(plan: "Plan", settings: Settings, broker: LocalBroker) -> bool:
    """Send the shoppers' events, wait, show, compare; whether all is well."""
    from flowguard.local.demo import report
    from flowguard.local.demo.compare import compare

    with _platform(settings, broker) as (platform, warehouse):
        account, perhaps_twice = _send_shoppers(plan, settings)
        _wait(settings, warehouse, platform)
        balanced = _show(warehouse, settings)
        compared = compare(account, warehouse, settings, perhaps_twice)
        console.print(report.comparisons(compared))
        for comparison in compared:
            if not comparison.equal:
                console.print(report.differences(comparison))
    return balanced and all(comparison.equal for comparison in compared)


@contextmanager
def _platform(settings: Settings, broker: LocalBroker) -> Iterator[tuple["Platform", "Warehouse"]]:
    """The real platform, every part of it answering, and its warehouse."""
    from flowguard.local.platform import Platform
    from flowguard.warehouse import open_warehouse

    with Platform(
        settings,
        broker=broker,
        own_snowflake=settings.warehouse == "snowflake",
        progress=lambda doing: remarks.print(doing, style="dim"),
    ) as platform:
        platform.start()
        warehouse = open_warehouse(settings)
        try:
            yield platform, warehouse
        finally:
            warehouse.close()


def _send_shoppers(plan: "Plan", settings: Settings) -> tuple["Account", int]:
    """Send the events of a plan; the account of them, and how many of them may be stored twice."""
    from flowguard.local.shoppers import Account, history
    from flowguard.local.shoppers.sending import deliver

    account = Account(settings.attribution_window)
    with bar(f"sending, seed {plan.seed}", plan.events) as advance:
        sent = deliver(account.watch(history(plan)), settings, advance)
    for surprise in sent.surprises:
        remarks.print(f"the gateway's answer surprises: {surprise}", markup=False, style="red")
    return account, sent.perhaps_twice


def _wait(settings: Settings, warehouse: "Warehouse", platform: "Platform") -> None:
    """Wait until Dagster's runs have brought everything into the tables."""
    from flowguard.local.demo.catch_up import catch_up

    with waiting() as show:
        for progress in catch_up(settings, warehouse, platform.check):
            show(progress.ingested, progress.held, progress.dirty_days)


def _show(warehouse: "Warehouse", settings: Settings) -> bool:
    """Print ledger, best sellers and click-through; whether the ledger balances."""
    from flowguard.local.demo import report

    table, balanced = report.ledger(warehouse)
    for shown in (table, report.best_sellers(warehouse, settings.currency), report.conversion(warehouse)):
        console.print(shown)
        console.print()
    if not balanced:
        console.print("The ledger does not balance.", style="red")
    return balanced
