from pathlib import Path

import pytest

from flowguard.errors import PlatformFailed
from flowguard.local.home import HomeLock, held_locks, is_home, running
from flowguard.settings import fix_in_home, load_settings


def test_one_platform_at_a_time_in_a_home(tmp_path: Path) -> None:
    lock = HomeLock(tmp_path)
    with pytest.raises(PlatformFailed, match=f"already runs in {tmp_path} "):
        HomeLock(tmp_path)
    lock.release()
    HomeLock(tmp_path).release()


def test_what_runs_can_be_read_by_others_while_it_runs(tmp_path: Path) -> None:
    assert running(tmp_path) is None
    lock = HomeLock(tmp_path)
    lock.tell({"gateway": {"pid": 1, "address": "a long address, of which nothing may be left"}})
    lock.tell({"broker": {"pid": 1, "address": None}})
    told = running(tmp_path)
    lock.release()
    assert told and told.parts == {"broker": {"pid": 1, "address": None}}
    assert running(tmp_path) is None


def test_held_locks_are_found_wherever_they_are(tmp_path: Path) -> None:
    (tmp_path / "idle.lock").touch()
    inner = HomeLock(tmp_path / "warehouse")
    assert held_locks(tmp_path) == [tmp_path / "warehouse" / "platform.lock"]
    inner.release()
    assert held_locks(tmp_path) == []


def test_a_home_is_known_by_the_settings_that_were_fixed_in_it(tmp_path: Path) -> None:
    assert not is_home(tmp_path)
    fix_in_home(load_settings(tmp_path))
    assert is_home(tmp_path)
