"""Process groups: a part of the platform and every process that it started in turn."""

import os
import signal
import time
from collections.abc import Collection

POLL_SECONDS = 0.05


def end(groups: Collection[int], patience: float) -> None:
    """Ask every process of the groups to stop; after ``patience`` seconds none is left in any case."""
    for group in groups:
        send(group, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if not any(alive(group) for group in groups):
            return
        time.sleep(POLL_SECONDS)
    for group in groups:
        send(group, signal.SIGKILL)


def alive(group: int) -> bool:
    """Whether a process of the group is left."""
    return send(group, 0)


def send(group: int, number: int) -> bool:
    """Send a signal to every process of a group; False if there is none."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True
