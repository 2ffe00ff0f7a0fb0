"""Overriding a check from Dagster's pages: the job that does what ``flowguard checks override`` does."""

from datetime import date

import dagster as dg
from pydantic import Field

from flowguard.defs.resources import Home
from flowguard.defs.runs import errors_for_people
from flowguard.errors import InvalidInput
from flowguard.rounds.overriding import override, undo_override

OVERRIDE = "override_check"


class Overriding(dg.Config):
    """Which failure is meant, and what is decided about it."""

    table: str = Field(description="The table, such as silver.orders_cleaned")
    check: str = Field(description="The check, such as rows_valid")
    day: str = Field(description="The UTC day on which it fails, such as 2026-11-21")
    reason: str = Field(description="Why; people will ask")
    undo: bool = Field(False, description="Hold GOLD back again; the reason is only logged")


def override_job() -> dg.JobDefinition:
    @dg.op(name="override")
    def override_failure(context: dg.OpExecutionContext, config: Overriding, home: dg.ResourceParam[Home]) -> None:
        """Let GOLD follow a day although a check fails on it, until more rows fail or the check passes."""
        with errors_for_people(context):
            day = _day(config.day)
            if config.undo:
                failure = undo_override(home.warehouse, config.table, config.check, day)
            else:
                failure = override(home.warehouse, config.table, config.check, day, config.reason)
            decided = "holds GOLD back again" if config.undo else f"is overridden for its {failure.rows} failing rows"
            context.log.info(f"{failure.name} {decided}: {config.reason}")

    @dg.job(name=OVERRIDE, description="Lets GOLD follow a day although a check of Bronze or SILVER fails on it")
    def job() -> None:
        override_failure()

    return job


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"{text!r} is no day: write it as 2026-11-21") from error
