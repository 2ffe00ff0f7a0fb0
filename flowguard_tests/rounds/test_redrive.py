"""Redrive: each entry moves to another column of the ledger once, whatever is killed and when."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flowguard.errors import InvalidInput, WarehouseBusy
from flowguard.faults import CRASH_POINTS
from flowguard.models.ops import QUARANTINE
from flowguard.models.registry import TABLES
from flowguard.rounds import gold, redrive
from flowguard.rounds.backfill import rebuild
from flowguard.rounds.commit import commit
from flowguard.rounds.discard import discard
from flowguard.rounds.entries import EntryId, Selection
from flowguard.rounds.redrive import Redriven, rehearse
from flowguard.settings import Settings, as_environment, load_settings
from flowguard.warehouse import Warehouse, open_warehouse
from flowguard.warehouse.lock import file_lock
from flowguard_tests.rounds.flow import order
from flowguard_tests.rounds.histories import Feeder, Sent

STRICT, LOOSE = date(2026, 11, 10), date(2026, 10, 1)
ARRIVAL = date(2026, 11, 20)
NAMES = [table.full_name for table in TABLES if table.full_name not in ("ops.dirty_days", "ops.outbox")]
HIDDEN = ("_ingested_at", "_run_id", "decided_at", "revision")
EVERYTHING = Selection()


def event(number: int, **changes: Any) -> bytes:
    """After both starts."""
    return order(number, **{"event_timestamp": f"2026-11-15T12:00:{number % 60:02d}Z"} | changes)


def early(number: int, **changes: Any) -> bytes:
    """Before the strict start, after the loose one."""
    return event(number, event_timestamp=f"2026-11-0{1 + number % 9}T12:00:00Z", **changes)


def orders(*values: bytes) -> list[Sent]:
    return [Sent("orders.v1", number % 2, 1000, value) for number, value in enumerate(values)]


def clicks(*values: bytes) -> list[Sent]:
    return [Sent("clicks.v1", 0, 1000, value) for value in values]


TRAFFIC = [
    *orders(*(event(number) for number in range(20))),
    *orders(*(early(number) for number in range(20, 60))),
    *orders(early(21), early(100, order_id="o22"), event(101, event_type="order_refunded", order_id="o23")),
    *orders(early(102, event_type="order_refunded", order_id="o3"), event(24, price="-1"), early(103, price="-1")),
    *orders(b"junk", early(104, schema_version=2)),
    *clicks(*(early(number, event_type="click") for number in range(200, 230)), b"junk"),
    *clicks(*(event(number, event_type="impression") for number in range(205, 215))),
]
REFUSED_FOR_EVER = 5


@pytest.fixture
def strict(tmp_path: Path) -> Settings:
    return load_settings(tmp_path / "home", start_date=STRICT, chunk_records=20)


@pytest.fixture
def loose(strict: Settings) -> Settings:
    return strict.model_copy(update={"start_date": LOOSE})


@contextmanager
def opened(settings: Settings) -> Iterator[Warehouse]:
    with closing(open_warehouse(settings)) as warehouse:
        yield warehouse


def ingest(warehouse: Warehouse, settings: Settings, sent: list[Sent], feeder: Feeder | None = None) -> None:
    with warehouse.session() as session:
        assert commit(session, (feeder or Feeder(settings, warehouse)).chunk(sent), settings) is not None


def redriven(warehouse: Warehouse, settings: Settings, selection: Selection = EVERYTHING, **given: Any) -> Redriven:
    return redrive.redrive(warehouse, settings, selection, run_id="redrive", **given)


def contents(settings: Settings, warehouse: Warehouse) -> dict[str, pl.DataFrame]:
    gold.refresh(warehouse, settings)
    found = {name: warehouse.query(f"SELECT * FROM {name}").drop(HIDDEN, strict=False) for name in NAMES}
    assert found["gold.flow_ledger"]["balanced"].all()
    return {name: rows.sort(rows.columns) for name, rows in found.items()}


def assert_same(found: dict[str, pl.DataFrame], expected: dict[str, pl.DataFrame]) -> None:
    for name, rows in expected.items():
        assert_frame_equal(found[name], rows)


def entries(warehouse: Warehouse, columns: str = "*") -> list[dict[str, Any]]:
    return warehouse.query(f"SELECT {columns} FROM ops.quarantine ORDER BY _topic, _partition, _offset").to_dicts()


def killed(settings: Settings, point: str, passes: int = 0, work: str = "redrive") -> None:
    """Do work in a process that dies at a crash point."""
    script = f"from flowguard.faults import arm\narm({point!r}, {passes})\n{_WORK[work]}"
    done = subprocess.run([sys.executable, "-c", script], env=as_environment(settings), timeout=120)
    assert done.returncode == -signal.SIGKILL


_OPEN = """
from datetime import date
from flowguard.settings import load_settings
from flowguard.warehouse import open_warehouse

settings = load_settings()
warehouse = open_warehouse(settings)
"""
_REDRIVE = """
from flowguard.rounds.entries import Selection
from flowguard.rounds.redrive import redrive

redrive(warehouse, settings, Selection({chosen}), run_id="killed")
"""
_WORK = {
    "redrive": _OPEN + _REDRIVE.format(chosen="rules=('before_start',)"),
    "redrive of everything": _OPEN + _REDRIVE.format(chosen=""),
    "backfill": _OPEN
    + """
from flowguard.rounds.backfill import rebuild

rebuild(warehouse, settings, ["bronze.orders_raw"], date(2026, 11, 20), date(2026, 11, 21), run_id="killed")
""",
}


def test_what_passes_today_is_as_if_it_had_always_passed(strict: Settings, loose: Settings, tmp_path: Path) -> None:
    with opened(strict) as warehouse:
        ingest(warehouse, strict, TRAFFIC)
        gold.refresh(warehouse, strict)
        done = redriven(warehouse, loose)
        assert (done.tried, done.tried - done.passed) == (78, REFUSED_FOR_EVER)
        found = contents(loose, warehouse)
        rebuild(warehouse, loose, NAMES, date(2026, 11, 1), date(2026, 11, 21), run_id="again")
        assert_same(contents(loose, warehouse), found)

    other = loose.model_copy(update={"home": tmp_path / "always"})
    with opened(other) as warehouse:
        ingest(warehouse, other, TRAFFIC)
        always = contents(other, warehouse)
    refused = found.pop("ops.quarantine").filter(status="open")
    expected = always.pop("ops.quarantine").with_columns(redrives=pl.lit(1, pl.Int32))
    assert_frame_equal(refused, expected)
    del always["ops.ingest_ranges"]  # what the round itself made of the records, and when
    assert_same(found, always)


def test_a_record_that_reads_today_but_breaks_a_rule_is_one_entry_at_stage_silver(strict: Settings) -> None:
    """No contract was ever loosened: an entry is made to look as if an older version had not read it."""
    with opened(strict) as warehouse:
        ingest(warehouse, strict, orders(event(0, price="-1"), event(1)))
        with warehouse.session() as session, session.transaction():
            session.execute("DELETE FROM bronze.orders_raw WHERE _rule IS NOT NULL")
            session.execute("UPDATE ops.quarantine SET stage = 'bronze', rule = 'unreadable', field = NULL")
        done = redriven(warehouse, strict)
        assert (done.tried, done.passed) == (1, 0)
        [entry] = entries(warehouse)
        assert (entry["stage"], entry["rule"], entry["field"]) == ("silver", "price", "price")
        assert (entry["status"], entry["redrives"]) == ("open", 1)
        assert warehouse.query("SELECT _rule FROM bronze.orders_raw ORDER BY _rule").rows() == [("price",), (None,)]
        contents(strict, warehouse)


def test_a_bronze_entry_that_passes_today_is_a_bronze_row(strict: Settings) -> None:
    with opened(strict) as warehouse:
        ingest(warehouse, strict, orders(event(0), event(1)))
        with warehouse.session() as session, session.transaction():
            session.insert(QUARANTINE, _MISREAD)
            session.execute("DELETE FROM bronze.orders_raw WHERE event_id = 'e0'")
            session.execute("DELETE FROM silver.orders_cleaned WHERE event_id = 'e0'")
        contents(strict, warehouse)
        assert redriven(warehouse, strict).passed == 1
        assert warehouse.query("SELECT event_id FROM silver.orders_cleaned ORDER BY 1").rows() == [("e0",), ("e1",)]
        [entry] = entries(warehouse)
        assert (entry["stage"], entry["status"], entry["redrives"]) == ("bronze", "redriven", 1)
        contents(strict, warehouse)


_MISREAD = """
SELECT
    'bronze' AS stage, _topic, _generation, _partition, _offset, _arrived_at, _arrival_date, payload,
    'unreadable' AS rule, '' AS message, 'open' AS status, 0 AS redrives, _ingested_at, _run_id
FROM bronze.orders_raw WHERE event_id = 'e0'
"""


def test_the_price_is_that_of_today(strict: Settings) -> None:
    """A row that broke the rule of the price has none; whoever comes to pass must have one."""
    with opened(strict) as warehouse:
        ingest(warehouse, strict, orders(event(0, price="7.25")))
        with warehouse.session() as session, session.transaction():
            session.insert(QUARANTINE, _MISREAD.replace("'bronze' AS stage", "'silver' AS stage"))
            session.execute("UPDATE bronze.orders_raw SET price = NULL, _rule = 'price'")
            session.execute("DELETE FROM silver.orders_cleaned")
        contents(strict, warehouse)
        assert redriven(warehouse, strict).passed == 1
        assert str(warehouse.query("SELECT price FROM silver.orders_cleaned").item()) == "7.25"
        assert warehouse.query("SELECT COUNT(*) FROM bronze.orders_raw").item() == 1


def test_only_what_is_selected(strict: Settings, loose: Settings) -> None:
    with opened(strict) as warehouse:
        ingest(warehouse, strict, TRAFFIC)
        one = EntryId("orders.v1", 1, 0, 10)
        assert redriven(warehouse, loose, Selection(ids=(one,))).tried == 1
        assert redriven(warehouse, loose, Selection(ids=(one,))).tried == 0
        assert redriven(warehouse, loose, Selection(topics=("clicks.v1",), rules=("before_start",))).passed == 30
        assert redriven(warehouse, loose, Selection(days=(date(2026, 11, 19),))).tried == 0
        assert redriven(warehouse, loose, limit=3).tried == 3
        assert redriven(warehouse, loose, Selection(stages=("bronze",))).tried == 3
        with pytest.raises(InvalidInput, match="backfill"):
            redriven(warehouse, loose, Selection(statuses=("redriven",)))


def test_what_the_gateway_refused_is_never_redriven(strict: Settings) -> None:
    with opened(strict) as warehouse:
        ingest(warehouse, strict, orders(b"junk"))
        with warehouse.session() as session, session.transaction():
            session.execute("UPDATE ops.quarantine SET stage = 'gateway'")
        assert redriven(warehouse, strict).tried == 0


def test_a_rehearsal_tells_what_would_happen_and_changes_nothing(strict: Settings, loose: Settings) -> None:
    with opened(strict) as warehouse:
        ingest(warehouse, strict, TRAFFIC)
        before = contents(strict, warehouse)
        told = rehearse(warehouse, loose, EVERYTHING).rows()
        assert told == [
            ("bronze", "schema_version", 1, 0, 1, "schema_version 1"),
            ("bronze", "unreadable", 2, 0, 2, "unreadable 2"),
            ("silver", "before_start", 73, 73, 0, ""),
            ("silver", "price", 2, 0, 2, "price 2"),
        ]
        assert_same(contents(strict, warehouse), before)


def test_an_entry_that_changed_since_it_was_read_is_left_alone(strict: Settings, loose: Settings) -> None:
    with opened(strict) as warehouse:
        ingest(warehouse, strict, TRAFFIC[:30])
        judged = redrive.judge(warehouse.query("SELECT * FROM ops.quarantine ORDER BY _partition, _offset"), loose)
        with warehouse.session() as session:
            with session.transaction():
                session.execute("UPDATE ops.quarantine SET status = 'discarded' WHERE _offset = 12")
            before = contents(strict, warehouse)
            staged = warehouse.stage(QUARANTINE, judged.today)
            with pytest.raises(WarehouseBusy, match="redrive again"):
                redrive._commit(session, loose, judged, staged, [])
        assert_same(contents(strict, warehouse), before)


def test_discarded_entries_stay_and_are_tried_only_when_named(strict: Settings, loose: Settings) -> None:
    early_ones = Selection(rules=("before_start",), topics=("orders.v1",))
    with opened(strict) as warehouse:
        ingest(warehouse, strict, TRAFFIC)
        before = contents(strict, warehouse)["gold.flow_ledger"]
        assert sum(discard(warehouse, strict, early_ones, "a load test").values()) == 43
        assert_frame_equal(contents(strict, warehouse)["gold.flow_ledger"], before)
        assert sum(discard(warehouse, strict, early_ones, "again").values()) == 0
        assert redriven(warehouse, loose, early_ones).tried == 0

        rebuild(warehouse, loose, ["bronze.orders_raw"], date(2026, 11, 20), date(2026, 11, 21), run_id="again")
        contents(loose, warehouse)
        kept = [entry for entry in entries(warehouse) if entry["status"] == "discarded"]
        assert len(kept) == 43
        assert {(entry["reason"], entry["decided_at"] is None) for entry in kept} == {("a load test", False)}

        assert redriven(warehouse, loose, Selection(statuses=("discarded",))).passed == 43
        contents(loose, warehouse)


def test_a_redriven_record_that_is_refused_again_is_one_entry(strict: Settings, loose: Settings) -> None:
    with opened(strict) as warehouse:
        ingest(warehouse, strict, TRAFFIC)
        refused = len(entries(warehouse))
        redriven(warehouse, loose)
        rebuild(warehouse, strict, ["bronze.orders_raw"], date(2026, 11, 20), date(2026, 11, 21), run_id="stricter")
        contents(strict, warehouse)
        assert len(entries(warehouse)) == refused
        again = [entry for entry in entries(warehouse) if entry["_topic"] == "orders.v1"]
        assert {(entry["status"], entry["redrives"]) for entry in again} == {("open", 1)}
        assert redriven(warehouse, loose).passed == 43
        contents(loose, warehouse)


@pytest.fixture(scope="module")
def refused_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with entries, as a directory to start from again and again."""
    settings = load_settings(tmp_path_factory.mktemp("matrix") / "home", start_date=STRICT)
    with opened(settings) as warehouse:
        ingest(warehouse, settings, TRAFFIC)
    shutil.copytree(settings.home, settings.home.with_name("kept"))
    return settings.home


def again(home: Path) -> Settings:
    """The home as it was, with rules that were loosened since."""
    shutil.rmtree(home)
    shutil.copytree(home.with_name("kept"), home)
    return load_settings(home, start_date=LOOSE, chunk_records=20)


@pytest.fixture(scope="module")
def undisturbed(refused_home: Path) -> dict[str, pl.DataFrame]:
    settings = again(refused_home)
    with opened(settings) as warehouse:
        redriven(warehouse, settings, Selection(rules=("before_start",)))
        return contents(settings, warehouse)


def kills(stage: str, passes: tuple[int, ...]) -> list[tuple[str, int]]:
    """The crash points of a stage, each at so many passes."""
    return [(name, number) for name in CRASH_POINTS if name.startswith(stage) for number in passes]


@pytest.mark.faults
@pytest.mark.parametrize(("point", "passes"), kills("redrive.", (0, 1)))
def test_a_killed_redrive_carries_on(
    point: str, passes: int, refused_home: Path, undisturbed: dict[str, pl.DataFrame]
) -> None:
    settings = again(refused_home)
    killed(settings, point, passes)
    with opened(settings) as warehouse:
        batches = passes + (point == "redrive.committed")
        assert sum(entry["status"] == "redriven" for entry in entries(warehouse)) == 20 * batches
        contents(settings, warehouse)
        assert redriven(warehouse, settings, Selection(rules=("before_start",))).tried == 73 - 20 * batches
        assert_same(contents(settings, warehouse), undisturbed)


@pytest.mark.faults
def test_what_a_killed_redrive_tried_in_vain_is_tried_once_more(refused_home: Path) -> None:
    settings = again(refused_home)
    with opened(settings) as warehouse:
        redriven(warehouse, settings)
        expected = contents(settings, warehouse)
    settings = again(refused_home)
    killed(settings, "redrive.committed", passes=1, work="redrive of everything")
    with opened(settings) as warehouse:
        redriven(warehouse, settings)
        found = contents(settings, warehouse)
        tried = {(entry["status"], entry["redrives"]) for entry in entries(warehouse)}
        assert tried == {("redriven", 1), ("open", 1), ("open", 2)}
    both = [frames.pop("ops.quarantine").drop("redrives") for frames in (found, expected)]
    assert_frame_equal(*both, check_row_order=False)
    assert_same(found, expected)


def test_no_backfill_or_discard_gets_in_between(strict: Settings, loose: Settings) -> None:
    def locked(_: Redriven) -> None:
        with pytest.raises(WarehouseBusy), file_lock(strict.home / "warehouse" / "bronze.lock", 0.0):
            pass
        seen.append(True)

    seen: list[bool] = []
    with opened(strict) as warehouse:
        ingest(warehouse, strict, TRAFFIC)
        redriven(warehouse, loose, on_batch=locked)
    assert len(seen) == 4


@pytest.mark.faults
@pytest.mark.parametrize(("point", "passes"), kills("backfill.", (0,)))
def test_a_killed_backfill_is_done_again(point: str, passes: int, refused_home: Path) -> None:
    settings = again(refused_home)
    day = ["bronze.orders_raw"], ARRIVAL, ARRIVAL + timedelta(days=1)
    with opened(settings) as warehouse:
        before = contents(settings, warehouse)
    killed(settings, point, passes, work="backfill")
    with opened(settings) as warehouse:
        after = contents(settings, warehouse)
        if point not in ("backfill.committed", "backfill.stepped"):
            assert_same(after, before)
        rebuild(warehouse, settings, *day, run_id="again")
        found = contents(settings, warehouse)
    untouched = again(refused_home)
    with opened(untouched) as warehouse:
        rebuild(warehouse, untouched, *day, run_id="again")
        assert_same(found, contents(untouched, warehouse))


@pytest.mark.faults
def test_ten_thousand_entries_half_of_them_before_a_kill(tmp_path: Path) -> None:
    count = 10_000
    strict = load_settings(tmp_path / "home", start_date=STRICT)
    loose = strict.model_copy(update={"start_date": LOOSE, "chunk_records": 1_000})
    with opened(strict) as warehouse:
        feeder = Feeder(strict, warehouse)
        ingest(warehouse, strict, orders(*(event(number) for number in range(count, count + 500))), feeder)
        ingest(warehouse, strict, orders(*(early(number) for number in range(count))), feeder)
        assert len(entries(warehouse, "_topic, _partition, _offset")) == count
        bytes_before = warehouse.query("SELECT SUM(OCTET_LENGTH(payload)) FROM bronze.orders_raw").item()
    killed(loose, "redrive.bronze", passes=5)
    with opened(loose) as warehouse:
        assert _by_status(warehouse) == {"open": 5_000, "redriven": 5_000}
        contents(loose, warehouse)
        seen: list[int] = []
        done = redriven(warehouse, loose, on_batch=lambda batch: seen.append(batch.tried))
        assert (done.tried, done.passed, seen) == (5_000, 5_000, [1_000] * 5)
        assert _by_status(warehouse) == {"redriven": count}
        rows = contents(loose, warehouse)
        bronze = rows["bronze.orders_raw"]
        assert bronze.height == bronze.unique(["_topic", "_partition", "_offset"]).height == count + 500
        assert bronze["_rule"].null_count() == count + 500
        assert warehouse.query("SELECT SUM(OCTET_LENGTH(payload)) FROM bronze.orders_raw").item() == bytes_before
        assert rows["silver.orders_cleaned"]["order_id"].n_unique() == rows["silver.orders_cleaned"].height == 10_500
        assert rows["gold.daily_order_metrics"]["total_orders"].sum() == count + 500
        assert rows["gold.flow_ledger"]["rejected"].sum() == 0


def _by_status(warehouse: Warehouse) -> dict[str, int]:
    return dict(warehouse.query("SELECT status, COUNT(*) FROM ops.quarantine GROUP BY status").iter_rows())
