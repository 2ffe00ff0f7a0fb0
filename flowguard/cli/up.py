"""``flowguard up``: run the whole platform in the foreground."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

import typer
from rich.markup import escape

from flowguard.cli.app import Home, app, console, remarks
from flowguard.cli.steps import Steps
from flowguard.errors import InvalidSettings
from flowguard.settings import Settings, load_settings, where_from

SHOPPERS = ("--forever",)
_STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@app.command()
def up(
    home: Home = None,
    simulate: Annotated[bool, typer.Option(help="Let simulated shoppers send events.")] = True,
    broker: Annotated[
        Literal["embedded", "kafka", "external"],
        typer.Option(help="Start the embedded one or an Apache Kafka, or use FLOWGUARD_KAFKA_BOOTSTRAP_SERVERS."),
    ] = "embedded",
) -> None:
    """Run broker, gateway with storefront, dashboard and Dagster until Ctrl-C; carries on with the data that is there.

    A new home begins with some weeks of simulated shoppers (FLOWGUARD_HISTORY_DAYS), unless --no-simulate is given or
    the broker is an external one.
    """
    # Here, so that the other commands do not wait for these imports.
    from flowguard.cli.beginning import fill
    from flowguard.local.dashboard import has_dashboard
    from flowguard.local.home import is_home
    from flowguard.local.platform import Platform

    settings = load_settings(home)
    wants_history = simulate and broker != "external" and not is_home(settings.home)
    if broker == "external":
        _refuse_default_broker(settings)
    steps = Steps()
    try:
        with _signals_as_ctrl_c(), steps:
            platform = Platform(
                settings,
                broker=broker,
                shoppers=SHOPPERS if simulate else None,
                dashboard=has_dashboard(),
                progress=steps.next,
            )
            with platform:
                platform.start()
                steps.end()
                print_addresses(settings)
                remarks.print("Ctrl-C stops everything.")
                if wants_history:
                    fill(settings, steps, platform.check)
                platform.watch()
    except KeyboardInterrupt:
        remarks.print("Stopped. The next start carries on from here.")


def print_addresses(settings: Settings) -> None:
    from flowguard.local.dashboard import HOW_TO_GET, has_dashboard
    from flowguard.local.ready import dashboard_address, gateway_address, webserver_address
    from flowguard.warehouse import place_of

    dashboard = f"[bold]{dashboard_address(settings)}[/bold]  sales, clicks, customers, and whether to trust them"
    console.print()
    for name, where in (
        ("Storefront", f"[bold]{gateway_address(settings)}[/bold]  click, order, and watch it arrive"),
        ("Dashboard", dashboard if has_dashboard() else escape(HOW_TO_GET)),
        ("Dagster", f"[bold]{webserver_address(settings)}[/bold]  assets, runs, checks, backfills"),
        ("Tables", f"{escape(place_of(settings))}  ask them with `flowguard sql`, or `flowguard ledger`"),
        ("Reports", f"{escape(str(settings.home / 'reports'))}  a page for each day, made every morning"),
        ("Logs", escape(str(settings.home / "logs"))),
    ):
        console.print(f"  {name:<12}{where}", soft_wrap=True)
    console.print()


def _refuse_default_broker(settings: Settings) -> None:
    if where_from(settings.home)["kafka_bootstrap_servers"] == "default":
        raise InvalidSettings(
            "--broker external needs to know which Kafka: set FLOWGUARD_KAFKA_BOOTSTRAP_SERVERS=host:port"
        )


@contextmanager
def _signals_as_ctrl_c() -> Iterator[None]:
    """Also SIGTERM, a closed terminal, and Ctrl-C where a script's ``&`` has made Python ignore it."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in _STOPPING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
