"""One round: everything that a chunk of records changes, in one transaction."""

import time
from dataclasses import dataclass

import polars as pl

from flowguard.faults import crash_point
from flowguard.models.ops import INGEST_RANGES
from flowguard.rounds import silver
from flowguard.rounds.changes import Changes, count_days, mark_dirty
from flowguard.rounds.chunk import Chunk
from flowguard.rounds.progress import already_covered
from flowguard.settings import Settings
from flowguard.warehouse import Session


@dataclass(frozen=True)
class Committed:
    """What a round wrote: rows by table and day, the ranges with the columns of ``ops.ingest_ranges``, and how long
    it took in seconds."""

    changes: Changes
    records: pl.DataFrame
    seconds: float


def commit(session: Session, chunk: Chunk, settings: Settings) -> Committed | None:
    """Commit a chunk; None if somebody else ingested some of it since it was planned.

    Raises:
        OffsetGap: the chunk does not begin where the last one ended.
        WarehouseBusy: the write lock could not be had.
    """
    started = time.monotonic()
    with session.transaction():
        # 1. Only what comes next is taken.
        if already_covered(session, chunk.ranges):
            return None
        crash_point("round.begun")
        # 2. Bronze rows, quarantine, and the record of their offsets.
        for staged in chunk.staged:
            session.append(staged)
        crash_point("round.bronze")
        session.insert(INGEST_RANGES, chunk.records)
        crash_point("round.ranges")
        # 3. SILVER, attribution among it, only what the new rows touch; what changed is to be published.
        changes = _bronze_days(chunk)
        changes |= silver.follow(session, chunk.orders, chunk.clicks, settings)
        crash_point("round.silver")
        # 4. What GOLD has to refresh.
        mark_dirty(session, changes)
        crash_point("round.dirty")
    crash_point("round.committed")
    return Committed(changes, chunk.records, time.monotonic() - started)


def _bronze_days(chunk: Chunk) -> Changes:
    """Days of arrival, also of chunks whose records were all refused."""
    changes: Changes = {}
    for staged in chunk.staged:
        if staged.rows:
            changes |= {(staged.table.full_name, day): 0 for day in chunk.records["arrival_date"].unique()}
    return changes | count_days("ops.ingest_ranges", chunk.records["arrival_date"])
