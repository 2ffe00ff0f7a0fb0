"""Starting the worker, and seeing how it ends."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from flowguard.settings import Settings, as_environment

PATIENCE = 300.0


@contextmanager
def working(settings: Settings, work: str, *fault: object) -> "Iterator[subprocess.Popen[str]]":
    """A worker in a process group of its own, which is gone when the block is left."""
    command = [sys.executable, "-m", "flowguard_tests.faults.worker", work, *map(str, fault)]
    process = subprocess.Popen(
        command,
        env=as_environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def run(settings: Settings, work: str, *fault: object) -> subprocess.CompletedProcess[str]:
    """Run a worker to its end."""
    with working(settings, work, *fault) as process:
        printed, _ = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(process.args, process.returncode, printed)


def finish(settings: Settings, work: str) -> str:
    """Run a worker that must succeed; what it prints."""
    done = run(settings, work)
    assert done.returncode == 0, done.stdout
    return done.stdout


def killed_at(settings: Settings, work: str, point: str, passes: int) -> bool:
    """Run a worker that is killed at a crash point; False if it ended before it got there so often."""
    done = run(settings, work, point, passes)
    assert done.returncode in (0, -signal.SIGKILL), done.stdout
    return done.returncode != 0
