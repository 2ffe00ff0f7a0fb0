"""Filling a new home beside the platform that ``flowguard up`` runs."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flowguard.cli.app import remarks
from flowguard.cli.steps import Steps
from flowguard.errors import FlowGuardError, Transient
from flowguard.settings import Settings

if TYPE_CHECKING:
    from flowguard.local.shoppers import Plan


def fill(settings: Settings, steps: Steps, check: Callable[[], None]) -> None:
    """Send the shoppers of the last weeks, wait until they are in the tables, and ask for their reports.

    ``check`` raises when a part of the platform has failed. What else goes wrong is told, and the platform runs on.
    """
    from flowguard.local.beginning import beginning

    now = datetime.now(UTC).replace(microsecond=0)
    plan = beginning(settings, now)
    if plan is None:
        return
    days = "day" if plan.days == 2 else f"{plan.days - 1} days"
    remarks.print(
        f"This home is new: it gets simulated shoppers of the last {days} too (FLOWGUARD_HISTORY_DAYS=0: none).",
        soft_wrap=True,
    )
    try:
        _fill(settings, plan, now, steps, check)
    except Transient as error:
        remarks.print(f"The history is not complete: {error}", markup=False, style="red")
    steps.end()


def _fill(settings: Settings, plan: "Plan", now: datetime, steps: Steps, check: Callable[[], None]) -> None:
    from flowguard.local.beginning import ask_for_reports, until_in_tables
    from flowguard.local.shoppers import history
    from flowguard.local.shoppers.sending import deliver

    sent = 0

    def advance(records: int) -> None:
        nonlocal sent
        check()
        sent += records
        steps.show(f"{sent:,} sent")

    steps.next(f"sending {plan.events:,} events of days gone by")
    for surprise in deliver(history(plan), settings, advance).surprises:
        remarks.print(surprise, markup=False, style="red")
    steps.next("bringing them into the tables")
    for progress in until_in_tables(settings, now.date(), check):
        steps.show(f"{progress.ingested:,} of {progress.held:,} ingested, {progress.dirty_days} days not yet in GOLD")
    steps.next("asking for the reports on the last days")
    try:
        ask_for_reports(settings, now.date())
    except FlowGuardError as error:
        remarks.print(str(error), markup=False, style="red")
