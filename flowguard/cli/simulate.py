"""``flowguard simulate``: shoppers that look, click, order, and get things wrong now and then."""

import secrets
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from flowguard.cli.app import Home, app, console, remarks
from flowguard.settings import Settings, load_settings

if TYPE_CHECKING:
    from flowguard.local.shoppers import Delivery, Plan

LIVE_RATE = 5.0
_REMARK_SECONDS = 60.0


@app.command()
def simulate(
    home: Home = None,
    events: Annotated[int, typer.Option(min=1, help="How many records to send.")] = 10_000,
    days: Annotated[int, typer.Option(min=1, max=365, help="Days over which they spread, today the last.")] = 7,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same shoppers.", show_default="any")] = None,
    bad: Annotated[float, typer.Option(min=0, max=1, help="Broken records per good event.")] = 0.02,
    rate: Annotated[
        float | None,
        typer.Option(min=0.01, help="Events a second.", show_default="as fast as possible; with --forever: 5"),
    ] = None,
    forever: Annotated[
        bool, typer.Option("--forever", help="Live traffic until Ctrl-C, instead of days gone by.")
    ] = False,
) -> None:
    """Send the events of simulated shoppers to the gateway and, what it would refuse or repeat, straight into Kafka."""
    from flowguard.local.shoppers import Plan

    settings = load_settings(home)
    end = datetime.now(UTC).replace(microsecond=0)
    chosen = secrets.randbelow(1_000_000) if seed is None else seed
    plan = Plan(chosen, events, days, end, settings.currency, bad)
    if forever:
        _live(plan, settings, rate or LIVE_RATE)
    else:
        _history(plan, settings, rate)


def _live(plan: "Plan", settings: Settings, rate: float) -> None:
    from flowguard.local.shoppers import live
    from flowguard.local.shoppers.pace import stream

    remarks.print(f"Shoppers come, about {rate:g} events a second, seed {plan.seed}. Ctrl-C sends them home.")
    total, told = 0, time.monotonic()
    try:
        for sent in stream(live(plan, rate), settings):
            total += sent
            if time.monotonic() - told > _REMARK_SECONDS:
                remarks.print(f"{total:,} records sent")
                told = time.monotonic()
    except KeyboardInterrupt:
        remarks.print(f"{total:,} records sent.")


def _history(plan: "Plan", settings: Settings, rate: float | None) -> None:
    from flowguard.cli.progress import bar
    from flowguard.local.shoppers import history
    from flowguard.local.shoppers.sending import deliver

    deliveries = history(plan)
    with bar("sending", plan.events) as advance:
        sent = deliver(_throttled(deliveries, rate) if rate else deliveries, settings, advance)
    console.print(f"{sent.records:,} records sent over {plan.days} days, seed {plan.seed}.")
    for surprise in sent.surprises:
        remarks.print(surprise, markup=False, style="red")
    if sent.surprises:
        raise typer.Exit(1)


def _throttled(deliveries: Iterable["Delivery"], rate: float) -> Iterator["Delivery"]:
    started = time.monotonic()
    for number, delivery in enumerate(deliveries):
        time.sleep(max(0.0, started + number / rate - time.monotonic()))
        yield delivery
