"""Faults at the start. That everything starts, answers and stops is seen in ``cli/test_up.py``."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowguard.errors import PlatformFailed
from flowguard.local import platform
from flowguard.local.home import running
from flowguard.local.platform import Platform
from flowguard.local.ports import on_free_ports
from flowguard.settings import Settings, load_settings
from flowguard_tests.local.processes import members
from flowguard_tests.require import require


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    """Settings of a platform of its own, not of the session's broker."""
    require("embedded-broker")
    return on_free_ports(load_settings(tmp_path / "home"))


@pytest.fixture
def broken_definitions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "broken_definitions.py").write_text("raise RuntimeError('the definitions are broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "broken_definitions"


def test_a_part_that_does_not_start_is_named_with_its_last_words(own: Settings, broken_definitions: str) -> None:
    done: list[str] = []
    with (
        pytest.raises(PlatformFailed, match=r"(?s)^code-server ended with exit code 1.*the definitions are broken"),
        Platform(own, definitions=broken_definitions, progress=done.append) as started,
    ):
        groups = []
        try:
            started.start()
        finally:
            told = running(own.home)
            assert told
            groups = [part["pid"] for part in told.parts.values()]
    assert len(groups) == 3
    assert not any(members(group) for group in groups)
    assert done == [
        "starting broker",
        "making topics",
        "starting gateway and code-server",
        "stopping gateway and code-server",
        "stopping broker",
    ]


def test_a_part_that_does_not_answer_is_named_with_the_reason(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "LONGEST_START_SECONDS", 0.0)
    elsewhere = own.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:9"})
    with Platform(own) as started:
        started._settings = elsewhere
        with pytest.raises(PlatformFailed, match=r"broker was not ready after 0 s \(.*\); the end of "):
            started.start()


def test_two_platforms_do_not_share_a_home(own: Settings) -> None:
    with Platform(own), pytest.raises(PlatformFailed, match="already runs in"), Platform(own):
        pass


def test_a_port_that_is_taken_stops_nothing_else(own: Settings) -> None:
    other = own.model_copy(update={"home": own.home.with_name("other")})
    with Platform(own) as first:
        first._supervisor.start(first._parts["broker"].program)
        first.wait_ready([first._parts["broker"]])
        with pytest.raises(PlatformFailed, match="FLOWGUARD_KAFKA_BOOTSTRAP_SERVERS to another"), Platform(other):
            pass
        first.check()


def test_shoppers_that_leave_do_not_end_the_platform_but_the_broker_does(own: Settings) -> None:
    done: list[str] = []
    with Platform(own, shoppers=("--no-such-option",), progress=done.append) as started:
        for name in ("shoppers", "broker"):
            started._supervisor.start(started._parts[name].program)
        started.wait_ready([started._parts["broker"]])
        while not done:
            started.check()
        started.check()
        assert [line.splitlines()[0].partition(";")[0] for line in done] == ["shoppers ended with exit code 2"]
        os.kill(started._supervisor.pids()["broker"], signal.SIGKILL)
        with pytest.raises(PlatformFailed, match="broker was killed by signal 9"):
            started.watch()
