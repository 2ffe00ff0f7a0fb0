import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from flowguard.local.groups import end
from flowguard.local.supervisor import Program, Supervisor
from flowguard_tests.local.processes import ENDLESS, exists, members, python
from flowguard_tests.waiting import wait_until

WITH_A_CHILD = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {ENDLESS!r}]); {ENDLESS}"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {ENDLESS}"


def supervisor(logs: Path) -> Supervisor:
    return Supervisor(logs, dict(os.environ))


def test_leaving_the_block_stops_programs_and_what_they_started(tmp_path: Path) -> None:
    with supervisor(tmp_path) as running:
        running.start(python("one", WITH_A_CHILD))
        running.start(python("two", ENDLESS))
        groups = list(running.pids().values())
        wait_until(lambda: [len(members(group)) for group in groups] == [2, 1])
    assert [members(group) for group in groups] == [[], []]


def test_a_program_that_will_not_stop_is_killed_when_its_patience_is_over(tmp_path: Path) -> None:
    with supervisor(tmp_path) as running:
        running.start(python("deaf", STUBBORN, patience=0.2))
        wait_until(lambda: "deaf" in (tmp_path / "deaf.log").read_text())
        pid = running.pids()["deaf"]
    assert not exists(pid)


def test_stopping_one_program_leaves_the_others(tmp_path: Path) -> None:
    with supervisor(tmp_path) as running:
        running.start(python("one", ENDLESS))
        running.start(python("two", ENDLESS))
        one, two = running.pids().values()
        running.stop("one")
        assert (exists(one), exists(two)) == (False, True)
        assert list(running.pids()) == ["two"]


def test_a_program_that_ends_by_itself_is_reported_with_its_last_words(tmp_path: Path) -> None:
    with supervisor(tmp_path) as running:
        running.start(python("short", "import sys; [print('line', n) for n in range(100)]; sys.exit('no more')"))
        wait_until(running.ended)
        obituary = running.obituary("short")
    assert obituary.startswith("short ended with exit code 1; the end of ")
    assert obituary.splitlines()[-2:] == ["  line 99", "  no more"] and "line 50" not in obituary


def test_a_program_that_was_killed_is_reported_with_the_signal(tmp_path: Path) -> None:
    with supervisor(tmp_path) as running:
        running.start(python("victim", ENDLESS))
        os.kill(running.pids()["victim"], signal.SIGKILL)
        wait_until(running.ended)
        assert "victim was killed by signal 9" in running.obituary("victim")


def test_the_log_of_the_start_before_is_kept(tmp_path: Path) -> None:
    for word in ("first", "second"):
        with supervisor(tmp_path) as running:
            running.start(python("part", f"print({word!r})"))
            wait_until(running.ended)
    assert (tmp_path / "part.log.1").read_text() == "first\n"
    assert (tmp_path / "part.log").read_text() == "second\n"


def test_programs_start_with_default_signals_also_where_the_caller_ignores_them(tmp_path: Path) -> None:
    tell = "import signal; print([signal.getsignal(n) == signal.SIG_DFL for n in (signal.SIGTERM, signal.SIGHUP)])"
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN), signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with supervisor(tmp_path) as running:
            running.start(python("part", tell))
            wait_until(running.ended)
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGHUP, before[1])
    assert (tmp_path / "part.log").read_text() == "[True, True]\n"


def test_starting_from_a_thread_that_ends_leaves_the_program_running(tmp_path: Path) -> None:
    with supervisor(tmp_path) as running:
        starter = threading.Thread(target=running.start, args=[python("part", "print('here', flush=True); " + ENDLESS)])
        starter.start()
        starter.join()
        wait_until(lambda: "here" in (tmp_path / "part.log").read_text())
        assert not running.ended()


@pytest.mark.parametrize("last", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_when_the_supervisor_itself_is_killed(tmp_path: Path, last: signal.Signals) -> None:
    code = textwrap.dedent(f"""
        import json, os, time
        from pathlib import Path
        from flowguard.local.supervisor import Supervisor
        from flowguard_tests.local.processes import python
        with Supervisor(Path({str(tmp_path)!r}), dict(os.environ), patience=0.5) as running:
            running.start(python("one", {WITH_A_CHILD!r}))
            running.start(python("two", {STUBBORN!r}))
            print(json.dumps(list(running.pids().values())), flush=True)
            time.sleep(1000)
    """)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    groups: list[int] = []
    try:
        assert process.stdout
        groups = json.loads(process.stdout.readline())
        wait_until(lambda: [len(members(group)) for group in groups] == [2, 1])
        process.send_signal(last)
        process.wait()
        wait_until(lambda: not any(members(group) for group in groups))
    finally:
        process.kill()
        process.wait()
        end(groups, patience=0)


def test_a_program_whose_starter_died_before_the_guard_knew_of_it_does_not_start(tmp_path: Path) -> None:
    told = tmp_path / "started"
    launcher = [sys.executable, "-m", "flowguard.local.launch", sys.executable, "-c", f"open({str(told)!r}, 'w')"]
    ended = subprocess.run(launcher, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    assert (ended.returncode, told.exists()) == (1, False)


def test_a_program_that_does_not_exist_has_ended(tmp_path: Path) -> None:
    with supervisor(tmp_path) as running:
        running.start(Program("none", ("/does/not/exist",)))
        wait_until(running.ended)
        assert "No such file or directory" in running.obituary("none")
