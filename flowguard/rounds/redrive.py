"""Redrive: quarantined bytes are decoded again in place, by today's rules and settings.

Nothing is written to Kafka. A record keeps its coordinates and its arrival day, and moves to another column of the
ledger: its entry is redriven, and it is a Bronze row that passed. What is still refused stays, with today's reason.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import polars as pl

from flowguard.bronze.decode import Decoded, decode_clicks, decode_orders
from flowguard.bronze.tables import CLICKS_RAW, ORDERS_RAW
from flowguard.errors import InvalidInput, WarehouseBusy
from flowguard.faults import crash_point
from flowguard.models.ops import QUARANTINE
from flowguard.rounds import silver
from flowguard.rounds.changes import Changes, count_days, mark_dirty
from flowguard.rounds.chunk import ingestion_marks, limits_of, passed_clicks, passed_orders
from flowguard.rounds.entries import Selection
from flowguard.rounds.stored import PLACE, only_decoder, records_of, same_place
from flowguard.settings import Settings
from flowguard.warehouse import Session, Staged, Warehouse

_PLACE = ", ".join(PLACE)
_VERDICT = ("stage", "rule", "field", "message")
# Ordered by day of arrival, so that a batch looks into few partitions.
_SELECTED = f"""
SELECT {_PLACE}, _arrival_date, ROW_NUMBER() OVER (ORDER BY _arrival_date, {_PLACE}) AS number
FROM ops.quarantine
WHERE {{condition}}
"""
_DAYS = "SELECT MIN(_arrival_date), MAX(_arrival_date) FROM selected WHERE number > {start} AND number <= {end}"
_BATCH = f"""
SELECT entry.*
FROM (SELECT * FROM ops.quarantine WHERE {{days}} AND {{condition}}) AS entry
JOIN selected ON {same_place("entry", "selected")}
WHERE selected.number > {{start}} AND selected.number <= {{end}}
ORDER BY selected.number
"""
_UNCHANGED = f"""
SELECT COUNT(*)
FROM (SELECT * FROM ops.quarantine WHERE {{days}}) AS entry
JOIN judged ON {same_place("entry", "judged")}
WHERE entry.stage = judged.stage AND entry.status = judged.status AND entry.redrives = judged.redrives
"""
_DELETE = f"DELETE FROM {{table}} AS old USING judged WHERE {same_place('old', 'judged')} AND old.{{days}}"


@dataclass(frozen=True)
class Judged:
    """Entries as they were read, and what today's decoding makes of them: the entries again, with their stage, rule
    and status of today, and the Bronze rows of those that can be read."""

    entries: pl.DataFrame
    today: pl.DataFrame
    orders: Decoded
    clicks: Decoded

    @property
    def outcomes(self) -> Counter[tuple[str, str, str | None]]:
        """How many entries of a stage and rule are refused by which rule today; None: they pass."""
        passes = pl.col("status") == "redriven"
        after = self.today.select(pl.when(passes).then(None).otherwise("rule")).to_series()
        return Counter(zip(self.entries["stage"], self.entries["rule"], after, strict=True))


@dataclass(frozen=True)
class Redriven:
    """What a batch changed: rows by table and day, entries that were tried, those of them that passed, seconds."""

    changes: Changes
    tried: int
    passed: int
    seconds: float


def judge(entries: pl.DataFrame, settings: Settings) -> Judged:
    """Decode entries again. They have the columns of ``ops.quarantine``, in order of their coordinates."""
    limits = limits_of(settings)
    orders = decode_orders(records_of(entries.filter(_topic=settings.orders_topic)), limits)
    clicks = decode_clicks(records_of(entries.filter(_topic=settings.clicks_topic)), limits)
    refused = pl.concat([orders.quarantine, clicks.quarantine]).select(*PLACE, *_VERDICT)
    found = entries.join(refused, on=PLACE, how="left", suffix="_today", maintain_order="left")
    passes = pl.col("rule_today").is_null()
    today = found.with_columns(
        pl.when(passes).then(pl.lit("redriven")).otherwise("status").alias("status"),
        *(pl.when(passes).then(name).otherwise(f"{name}_today").alias(name) for name in _VERDICT),
        redrives=pl.col("redrives") + 1,
    )
    return Judged(entries, today.select(entries.columns), orders, clicks)


def rehearse(
    warehouse: Warehouse,
    settings: Settings,
    selection: Selection,
    *,
    limit: int | None = None,
    on_batch: Callable[[int], None] = lambda _: None,
) -> pl.DataFrame:
    """What a redrive would do, by stage and rule: entries, would_pass, still_refused, refused_by. Writes nothing.

    ``on_batch`` is told how many entries each batch had.
    """
    outcomes: Counter[tuple[str, str, str | None]] = Counter()
    with warehouse.session() as session:
        for entries in _batches(session, settings, selection, limit):
            outcomes += judge(entries, settings).outcomes
            on_batch(entries.height)
    return _rehearsal(outcomes)


def redrive(
    warehouse: Warehouse,
    settings: Settings,
    selection: Selection,
    *,
    run_id: str,
    limit: int | None = None,
    on_batch: Callable[[Redriven], None] = lambda _: None,
) -> Redriven:
    """Redrive entries in batches of ``settings.chunk_records``, each one transaction, the oldest arrivals first.

    Killed and started again, it carries on: what was redriven is no longer selected.

    Raises:
        InvalidInput: the selection names entries that are redriven already.
        WarehouseBusy: another redrive or backfill is at work.
    """
    total = Redriven({}, 0, 0, 0.0)
    with only_decoder(settings), warehouse.session() as session:
        for entries in _batches(session, settings, selection, limit):
            done = _redrive_batch(warehouse, session, settings, entries, run_id)
            on_batch(done)
            total = Redriven(
                total.changes | done.changes,
                total.tried + done.tried,
                total.passed + done.passed,
                total.seconds + done.seconds,
            )
    return total


def redrivable(selection: Selection, settings: Settings) -> str:
    """The condition of the entries that a redrive of a selection tries: open ones, unless it names a status.

    What the gateway refused is never redriven: its client was told, and sends the event again or not.
    """
    if "redriven" in selection.statuses:
        raise InvalidInput("a redriven entry has its Bronze row: a backfill of its day of arrival decodes that again")
    chosen = replace(selection, statuses=selection.statuses or ("open",)).condition
    topics = Selection(topics=(settings.orders_topic, settings.clicks_topic)).condition
    return f"{chosen} AND {topics} AND stage <> 'gateway'"


def count_redrivable(warehouse: Warehouse, settings: Settings, selection: Selection) -> int:
    """How many entries a redrive of a selection would try."""
    condition = redrivable(selection, settings)
    return int(warehouse.query(f"SELECT COUNT(*) FROM ops.quarantine WHERE {condition}").item())


def _batches(session: Session, settings: Settings, selection: Selection, limit: int | None) -> Iterator[pl.DataFrame]:
    """The selected entries; those that are no longer as they were selected when their batch comes are left out."""
    condition = redrivable(selection, settings)
    session.keep("selected", _SELECTED.format(condition=condition))
    selected = int(session.query("SELECT COUNT(*) FROM selected").item())
    total = selected if limit is None else min(selected, limit)
    for start in range(0, total, settings.chunk_records):
        bounds = {"start": start, "end": min(start + settings.chunk_records, total)}
        days = _between(*session.query(_DAYS.format(**bounds)).row(0))
        entries = session.query(_BATCH.format(**bounds, days=days, condition=condition))
        if entries.height:
            yield entries


def _redrive_batch(
    warehouse: Warehouse, session: Session, settings: Settings, entries: pl.DataFrame, run_id: str
) -> Redriven:
    started = time.monotonic()
    judged = judge(entries, settings)
    crash_point("redrive.read")
    marks = ingestion_marks(run_id)
    staged_entries = warehouse.stage(QUARANTINE, judged.today.with_columns(**marks))
    staged_rows = [
        warehouse.stage(ORDERS_RAW, judged.orders.rows.with_columns(**marks)),
        warehouse.stage(CLICKS_RAW, judged.clicks.rows.with_columns(**marks)),
    ]
    crash_point("redrive.staged")
    changes = _commit(session, settings, judged, staged_entries, staged_rows)
    crash_point("redrive.committed")
    passed = judged.today.filter(status="redriven").height
    return Redriven(changes, entries.height, passed, time.monotonic() - started)


def _commit(session: Session, settings: Settings, judged: Judged, entries: Staged, rows: list[Staged]) -> Changes:
    """Write a batch in one transaction, if its entries still are as they were read."""
    arrivals = judged.entries["_arrival_date"]
    days = _between(arrivals.min(), arrivals.max())
    session.keep("judged", judged.entries.select(*PLACE, "stage", "status", "redrives"))
    with session.transaction():
        # 1. Only what nobody else changed.
        if session.query(_UNCHANGED.format(days=days)).item() != judged.entries.height:
            raise WarehouseBusy(
                "entries of quarantine were changed by another process while they were decoded again; "
                f"nothing of this batch was written ({days}): redrive again"
            )
        crash_point("redrive.begun")
        # 2. The entries, and the Bronze rows of those that can be read.
        session.execute(_DELETE.format(table=QUARANTINE.full_name, days=days))
        session.append(entries)
        crash_point("redrive.entries")
        for staged in rows:
            session.execute(_DELETE.format(table=staged.table.full_name, days=days))
            session.append(staged)
        crash_point("redrive.bronze")
        # 3. SILVER, only what the rows that pass now touch: the others were never in it.
        changes = _days(judged)
        orders, clicks = passed_orders(judged.orders.rows), passed_clicks(judged.clicks.rows)
        changes |= silver.follow(session, orders, clicks, settings)
        crash_point("redrive.silver")
        # 4. What GOLD has to refresh.
        mark_dirty(session, changes)
        crash_point("redrive.dirty")
    return changes


def _days(judged: Judged) -> Changes:
    """Days of arrival."""
    changes = count_days(QUARANTINE.full_name, judged.entries["_arrival_date"])
    for table, decoded in ((ORDERS_RAW, judged.orders), (CLICKS_RAW, judged.clicks)):
        changes |= count_days(table.full_name, decoded.rows["_arrival_date"])
    return changes


def _between(first: object, last: object) -> str:
    return f"_arrival_date BETWEEN CAST('{first}' AS DATE) AND CAST('{last}' AS DATE)"


def _rehearsal(outcomes: Counter[tuple[str, str, str | None]]) -> pl.DataFrame:
    rows = []
    for stage, rule in sorted({(stage, rule) for stage, rule, _ in outcomes}):
        after = {by: count for (*place, by), count in outcomes.items() if place == [stage, rule]}
        passing = after.pop(None, 0)
        refused_by = ", ".join(f"{by} {count}" for by, count in sorted(after.items(), key=str))
        refused = sum(after.values())
        rows.append((stage, rule, passing + refused, passing, refused, refused_by))
    counts = dict.fromkeys(("entries", "would_pass", "still_refused"), pl.Int64)
    schema = {"stage": pl.String, "rule": pl.String, **counts, "refused_by": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")
