"""Waiting for what will happen."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], patience: float = 30) -> None:
    """Return as soon as a condition holds; fail when it does not within ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
