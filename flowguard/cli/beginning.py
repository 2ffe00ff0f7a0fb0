"""Filling a new home beside the platform that ``flowguard up`` runs."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flowguard.cli.app import remarks
from flowguard.cli.progress import bar, waiting
from flowguard.errors import FlowGuardError, Transient
from flowguard.settings import Settings

if TYPE_CHECKING:
    from flowguard.local.shoppers import Plan


def fill(settings: Settings, check: Callable[[], None]) -> None:
    """Send the shoppers of the last weeks, wait until they are in the tables, and ask for their reports.

    ``check`` raises when a part of the platform has failed. What else goes wrong is told, and the platform runs on.
    """
    from flowguard.local.beginning import ask_for_reports, beginning

    now = datetime.now(UTC).replace(microsecond=0)
    plan = beginning(settings, now)
    if plan is None:
        return
    remarks.print(
        f"This home is new: the last {plan.days - 1} days of simulated shoppers come first, {plan.events:,} events "
        "(FLOWGUARD_HISTORY_DAYS=0 leaves them out).",
        soft_wrap=True,
    )
    try:
        _send(settings, plan, check)
        _wait(settings, now, check)
    except Transient as error:
        remarks.print(f"The history is not complete: {error}", markup=False, style="red")
        return
    try:
        ask_for_reports(settings, now.date())
    except FlowGuardError as error:
        remarks.print(f"No reports on the last days: {error}", markup=False, style="red")


def _send(settings: Settings, plan: "Plan", check: Callable[[], None]) -> None:
    from flowguard.local.shoppers import history
    from flowguard.local.shoppers.sending import deliver

    with bar("sending history", plan.events) as advance:

        def progress(records: int) -> None:
            check()
            advance(records)

        sent = deliver(history(plan), settings, progress)
    for surprise in sent.surprises:
        remarks.print(surprise, markup=False, style="red")


def _wait(settings: Settings, now: datetime, check: Callable[[], None]) -> None:
    from flowguard.local.beginning import until_in_tables

    with waiting() as show:
        for progress in until_in_tables(settings, now.date(), check):
            show(progress.ingested, progress.held, progress.dirty_days)
