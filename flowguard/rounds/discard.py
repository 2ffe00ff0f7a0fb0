"""Discarding: a person decides that entries of quarantine are of no use. They stay, counted as before."""

from dataclasses import replace

import polars as pl

from flowguard.errors import InvalidInput
from flowguard.models.ops import QUARANTINE
from flowguard.rounds.changes import Changes, count_days
from flowguard.rounds.chunk import now
from flowguard.rounds.entries import Selection, quoted
from flowguard.rounds.stored import only_decoder
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse


def discardable(selection: Selection) -> str:
    """The condition of the entries that a discard of a selection decides about: its open ones."""
    return replace(selection, statuses=("open",)).condition


def what_is_discarded(warehouse: Warehouse, selection: Selection) -> pl.DataFrame:
    """What a discard would decide about, by stage and rule: entries."""
    return warehouse.query(
        f"SELECT stage, rule, COUNT(*) AS entries FROM {QUARANTINE.full_name} WHERE {discardable(selection)} "
        "GROUP BY stage, rule ORDER BY stage, rule"
    )


def discard(warehouse: Warehouse, settings: Settings, selection: Selection, reason: str) -> Changes:
    """Discard open entries in one transaction. GOLD does not change: the ledger counts them as before.

    Raises:
        InvalidInput: no reason was given.
        WarehouseBusy: a redrive or backfill is at work.
    """
    if not reason.strip():
        raise InvalidInput("the reason is empty: say why these entries are of no use, people will ask")
    condition = discardable(selection)
    with only_decoder(settings), warehouse.session() as session, session.transaction():
        days = session.query(f"SELECT _arrival_date FROM {QUARANTINE.full_name} WHERE {condition}").to_series()
        session.execute(
            f"UPDATE {QUARANTINE.full_name} SET status = 'discarded', reason = {quoted(reason)}, "
            f"decided_at = CAST('{now()}' AS TIMESTAMP) WHERE {condition}"
        )
    return count_days(QUARANTINE.full_name, days)
