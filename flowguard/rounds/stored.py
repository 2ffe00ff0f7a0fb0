"""Records as Bronze and quarantine have stored them, to be decoded again, by one process at a time."""

from contextlib import AbstractContextManager

import polars as pl

from flowguard.bronze.decode import Records
from flowguard.settings import Settings
from flowguard.warehouse.lock import file_lock

PLACE = ("_topic", "_generation", "_partition", "_offset")
"""The coordinates of a record."""
ARRIVED = ("_arrived_at", "_arrival_date")
_LOCK_TIMEOUT_SECONDS = 600.0


def only_decoder(settings: Settings) -> AbstractContextManager[None]:
    """What a backfill, a redrive or a person's decision has read, no other of them changes before it is written.

    Raises:
        WarehouseBusy: another one is still at work.
    """
    return file_lock(settings.home / "warehouse" / "bronze.lock", _LOCK_TIMEOUT_SECONDS)


def records_of(stored: pl.DataFrame) -> list[Records]:
    """Stored rows, in order of their offsets, as records. They have a place, an arrival and a payload."""
    parts = stored.partition_by("_topic", "_generation", "_partition", "_arrival_date", maintain_order=True)
    return [_records(part) for part in parts]


def same_place(a: str, b: str) -> str:
    """The condition that rows of two relations have the same coordinates."""
    return " AND ".join(f"{a}.{column} = {b}.{column}" for column in PLACE)


def _records(part: pl.DataFrame) -> Records:
    topic, generation, partition, arrival_date = part.select(
        "_topic", "_generation", "_partition", "_arrival_date"
    ).row(0)
    return Records(
        topic,
        generation,
        partition,
        arrival_date,
        part["payload"].to_list(),
        part["_offset"].to_list(),
        part["_arrived_at"].dt.timestamp("ms").to_list(),
    )
