"""Materializations: which partitions changed, told seldom enough to be cheap and completely at the end.

An event costs Dagster 11–28 ms and 5 KB. So a partition is told of at most every ``settings.report_interval``, by a
thread of its own that leaves most of the time to ingestion: a load of a year is told of day by day, newest first.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self

import dagster as dg
import polars as pl

from flowguard.defs.describe import Description, describe
from flowguard.defs.keys import key_of
from flowguard.defs.partitions import exists
from flowguard.rounds.changes import TableDay
from flowguard.rounds.commit import Committed
from flowguard.settings import Settings
from flowguard.warehouse import Spent, Warehouse

MOST_AT_ONCE = 25
"""Events logged before the thread rests."""
REST = 9
"""How many times longer than it works the thread rests."""

Offsets = dict[tuple[str, int], tuple[int, int]]
"""First offset and the one after the last, by topic and partition."""
_log = logging.getLogger(__name__)


@dataclass
class _Pending:
    """What happened to a partition since it was last told of."""

    rounds: int = 0
    seconds: float = 0.0
    offsets: Offsets = field(default_factory=dict)


class Reporter:
    """Use as a context manager around the work; what is pending at its end is told then."""

    def __init__(
        self, context: dg.AssetExecutionContext | dg.OpExecutionContext, warehouse: Warehouse, settings: Settings
    ) -> None:
        self._context, self._warehouse, self._settings = context, warehouse, settings
        self._pending: dict[TableDay, _Pending] = defaultdict(_Pending)
        self._told: dict[TableDay, float] = {}
        self._lock, self._stop = Lock(), Event()
        self._thread = Thread(target=self._tell_now_and_then, name="reporter", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._tell(self._take(at_end=True))

    def committed(self, committed: Committed) -> None:
        """A round was committed."""
        offsets = _offsets_by_day(committed.records, self._settings)
        with self._lock:
            for place in self._shown(committed.changes):
                self._add(place, committed.seconds, offsets.get(place, {}))

    def changed(self, changes: Iterable[TableDay], seconds: float) -> None:
        """Days of tables were rebuilt or refreshed."""
        with self._lock:
            for place in self._shown(changes):
                self._add(place, seconds, {})

    def tell_what_is_due(self) -> None:
        """Tell of a few partitions that were not told of lately, the newest first."""
        self._tell(self._take(at_end=False))

    def _shown(self, changes: Iterable[TableDay]) -> list[TableDay]:
        return [(table, day) for table, day in changes if day is None or exists(day, self._settings)]

    def _add(self, place: TableDay, seconds: float, offsets: Mapping[tuple[str, int], tuple[int, int]]) -> None:
        pending = self._pending[place]
        pending.rounds += 1
        pending.seconds += seconds
        for partition, (start, end) in offsets.items():
            first, last = pending.offsets.get(partition, (start, end))
            pending.offsets[partition] = min(first, start), max(last, end)

    def _tell_now_and_then(self) -> None:
        worked = 0.0
        while not self._stop.wait(max(1.0, worked * REST)):
            started = time.monotonic()
            self.tell_what_is_due()
            worked = time.monotonic() - started

    def _take(self, *, at_end: bool) -> dict[TableDay, _Pending]:
        """What is due: while the work goes on a few, the newest days first, at the end everything.

        The newest come last in what is returned, so that Dagster shows them as a table's latest materialization.
        Everything at once, because it is described by a query per table, however many days it has."""
        latest = time.monotonic() - self._settings.report_interval.total_seconds()
        with self._lock:
            due = [place for place in self._pending if at_end or self._told.get(place, -1e9) <= latest]
            due.sort(key=_newest_last, reverse=not at_end)
            now = due if at_end else sorted(due[:MOST_AT_ONCE], key=_newest_last)
            return {place: self._pending.pop(place) for place in now}

    def _tell(self, due: Mapping[TableDay, _Pending]) -> None:
        """Never fails: what people see must not stop the work. What cannot be told keeps nothing else from it."""
        untold = 0
        try:
            described = describe(self._warehouse, due)
            spent = self._warehouse.spent()  # at once after the tables were asked, so that nothing is woken for it
        except Exception:
            _log.exception("%d partitions could not be described", len(due))
            return
        for place, pending in due.items():
            try:
                self._tell_one(place, _metadata(pending, described[place], spent.get(place[0])))
            except Exception:
                untold += 1
                if untold == 1:
                    _log.exception("%s of %s could not be reported", place[1], place[0])
        if untold > 1:
            _log.error("%d partitions could not be reported", untold)

    def _tell_one(self, place: TableDay, metadata: Mapping[str, dg.MetadataValue]) -> None:
        table, day = place
        partition = None if day is None else day.isoformat()
        self._context.log_event(dg.AssetMaterialization(key_of(table), partition=partition, metadata=metadata))
        self._told[place] = time.monotonic()


def _newest_last(place: TableDay) -> date:
    return place[1] or date.max


def _metadata(pending: _Pending, described: Description, spent: Spent | None) -> dict[str, dg.MetadataValue]:
    metadata: dict[str, dg.MetadataValue] = {
        "dagster/partition_row_count": dg.MetadataValue.int(described.rows),
        "rounds": dg.MetadataValue.int(pending.rounds),
        "seconds": dg.MetadataValue.float(round(pending.seconds, 3)),
    }
    if pending.offsets:
        metadata["offsets"] = dg.MetadataValue.md(_offsets_table(pending.offsets))
    if described.preview:
        metadata["preview"] = dg.MetadataValue.md(described.preview)
    if described.refused:
        metadata["refused_by_rule"] = dg.MetadataValue.md(described.refused.by_rule)
        if described.refused.open_percent is not None:
            metadata["open_percent_of_records"] = dg.MetadataValue.float(described.refused.open_percent)
    if described.by_model:
        metadata["orders_by_model"] = dg.MetadataValue.md(described.by_model)
    return metadata | (_cost(spent) if spent else {})


def _cost(spent: Spent) -> dict[str, dg.MetadataValue]:
    """Of the whole table in the run so far: a statement is about many days."""
    return {
        "run_statements": dg.MetadataValue.int(spent.statements),
        "run_execution_seconds": dg.MetadataValue.float(round(spent.seconds, 3)),
        "run_bytes_scanned": dg.MetadataValue.int(spent.bytes_scanned),
        "run_cloud_services_credits": dg.MetadataValue.float(spent.credits),
    }


def _offsets_table(offsets: Mapping[tuple[str, int], tuple[int, int]]) -> str:
    lines = [f"| {topic} | {part} | {start} | {end} |" for (topic, part), (start, end) in sorted(offsets.items())]
    return "\n".join(["| topic | partition | from | to (exclusive) |", "|---|---|---|---|", *lines])


def _offsets_by_day(records: pl.DataFrame, settings: Settings) -> dict[TableDay, Offsets]:
    """Offset ranges of a round by the table and day that they went to."""
    found: dict[TableDay, Offsets] = defaultdict(dict)
    columns = ("topic", "partition", "start_offset", "end_offset", "arrival_date")
    for topic, partition, start, end, day in records.select(columns).iter_rows():
        for table in _tables_of(topic, settings):
            found[table, day][topic, partition] = start, end
    return found


def _tables_of(topic: str, settings: Settings) -> Sequence[str]:
    raw = {settings.orders_topic: "bronze.orders_raw", settings.clicks_topic: "bronze.clicks_raw"}
    return raw.get(topic, "ops.quarantine"), "ops.ingest_ranges"
