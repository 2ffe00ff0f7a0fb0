"""A full disk, a catalog that is held, two runs at once, a clock that jumps: nothing is lost, nothing counts twice."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from flowguard.errors import StorageFailed, WarehouseBusy
from flowguard.rounds import chunk, rolling
from flowguard.settings import Settings
from flowguard.warehouse.ducklake import warehouse as ducklake
from flowguard.warehouse.lock import file_lock
from flowguard_tests.faults.processes import finish, run, working
from flowguard_tests.faults.undisturbed import Undisturbed
from flowguard_tests.rounds.flow import contents, opened, rolled

pytestmark = pytest.mark.faults


def assert_equal(settings: Settings, undisturbed: Undisturbed) -> None:
    with opened(settings) as warehouse:
        for table, rows in contents(settings, warehouse).items():
            assert_frame_equal(rows, undisturbed.tables[table])


@pytest.mark.parametrize("largest_file", [1_000, 40_000, 170_000])
def test_a_full_disk_stops_ingestion_with_a_reason_and_nothing_is_written_in_part(
    quick: Settings, undisturbed: Undisturbed, largest_file: int
) -> None:
    """1 kB: the catalog cannot even be opened; the others: a data file, or the catalog's journal, cannot grow."""
    opened_before(quick)
    stopped = run(quick, "ingest", "largest_file", largest_file)
    assert stopped.returncode == 1
    assert f"{StorageFailed.__name__}: {quick.home / 'warehouse'} cannot be written" in stopped.stdout
    assert "make room" in stopped.stdout
    finish(quick, "ingest")
    assert_equal(quick, undisturbed)


def opened_before(settings: Settings) -> None:
    """The tables are made while there is room."""
    with opened(settings):
        pass


@contextmanager
def catalog_held(settings: Settings) -> Iterator[None]:
    """Another program has locked the catalog, as a backup tool might."""
    hold = (
        f"import sqlite3, sys; held = sqlite3.connect({str(settings.home / 'warehouse' / 'catalog.sqlite')!r}); "
        "held.execute('BEGIN EXCLUSIVE'); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        try:
            assert holder.stdout is not None and holder.stdout.readline() == "held\n"
            yield
        finally:
            holder.kill()


def test_a_catalog_that_another_program_holds(quick: Settings, undisturbed: Undisturbed) -> None:
    with opened(quick) as warehouse:
        with catalog_held(quick), pytest.raises(WarehouseBusy, match="is held by another process"):
            rolled(quick, warehouse)
        assert rolled(quick, warehouse).records > 0
    assert_equal(quick, undisturbed)


def test_a_write_lock_that_is_not_let_go(
    quick: Settings, undisturbed: Undisturbed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told as what it is, and not as another run at work."""
    with opened(quick) as warehouse:
        lock = file_lock(quick.home / "warehouse" / "write.lock", 1)
        with monkeypatch.context() as impatient, lock:
            impatient.setattr(ducklake, "_LOCK_TIMEOUT_SECONDS", 0.1)
            with pytest.raises(WarehouseBusy, match=r"write\.lock is held by another process"):
                rolled(quick, warehouse)
        rolled(quick, warehouse)  # whose own threads hold it in turn, on a busy machine for longer
    assert_equal(quick, undisturbed)


def test_two_runs_at_once_over_the_same_ranges(quick: Settings, undisturbed: Undisturbed) -> None:
    """Even without the lease, which keeps them apart otherwise."""
    opened_before(quick)
    with working(quick, "ingest_without_lease") as one, working(quick, "ingest_without_lease") as other:
        for process in (one, other):
            printed, _ = process.communicate(timeout=120)
            assert process.returncode == 0, printed
    finish(quick, "ingest")
    assert_equal(quick, undisturbed)


def test_a_clock_that_jumps(quick: Settings, undisturbed: Undisturbed, monkeypatch: pytest.MonkeyPatch) -> None:
    """No row depends on this machine's clock, and a run that believes it is midnight only ends early."""
    jumps, real = cycle([timedelta(0), timedelta(days=400), timedelta(hours=-30), timedelta(days=-4000)]), chunk.now

    def jumping() -> datetime:
        return real() + next(jumps)

    for module in (chunk, rolling):
        monkeypatch.setattr(module, "now", jumping)
    with opened(quick) as warehouse:
        ended = set()
        while (result := rolled(quick, warehouse)).records:
            ended.add(result.ended)
        assert "midnight" in ended
    assert_equal(quick, undisturbed)


def test_a_lost_home_is_made_again_from_kafka(quick: Settings, undisturbed: Undisturbed, tmp_path: Path) -> None:
    finish(quick, "ingest")
    again = quick.model_copy(update={"home": tmp_path / "again"})
    finish(again, "ingest")
    assert_equal(again, undisturbed)
