"""A person decides that GOLD follows a day although a check fails on it."""

from datetime import date

from flowguard.errors import InvalidInput
from flowguard.models.ops import CHECK_FAILURES
from flowguard.rounds.chunk import now
from flowguard.rounds.entries import quoted
from flowguard.rounds.failures import ERROR, Failure, find
from flowguard.rounds.holds import can_hold_back
from flowguard.warehouse import Session, Warehouse


def override(warehouse: Warehouse, table: str, check: str, day: date, reason: str) -> Failure:
    """Let GOLD follow, until the check passes, or more rows fail than do now.

    Raises:
        InvalidInput: no reason was given, the check does not fail on the day, or it holds nothing back.
    """
    if not reason.strip():
        raise InvalidInput("the reason is empty: say why GOLD may follow, people will ask")
    with warehouse.session() as session, session.transaction():
        failure = find(session, table, check, day)
        if not can_hold_back(failure):
            raise InvalidInput(
                f"{failure.name} holds nothing back, so there is nothing to override: only what fails with severity "
                f"{ERROR} in Bronze or SILVER does"
            )
        decided = f"CAST('{now()}' AS TIMESTAMP)"
        _set(session, failure, f"{decided}, overridden_rows = failing_rows, override_reason = {quoted(reason)}")
        return find(session, table, check, day)


def undo_override(warehouse: Warehouse, table: str, check: str, day: date) -> Failure:
    """Hold back again.

    Raises:
        InvalidInput: the check does not fail on the day, or is not overridden.
    """
    with warehouse.session() as session, session.transaction():
        failure = find(session, table, check, day)
        if failure.overridden_at is None:
            raise InvalidInput(f"{failure.name} is not overridden: `flowguard checks list` shows what is")
        _set(session, failure, "NULL, overridden_rows = NULL, override_reason = NULL")
        return find(session, table, check, day)


def _set(session: Session, failure: Failure, decision: str) -> None:
    session.execute(
        f"UPDATE {CHECK_FAILURES.full_name} SET overridden_at = {decision} WHERE table_name = {quoted(failure.table)} "
        f"AND check_name = {quoted(failure.check)} AND day = CAST('{failure.day}' AS DATE)"
    )
