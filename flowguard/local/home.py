"""The home: a directory that holds everything of one platform, and who is at work in it."""

import fcntl
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowguard.errors import PlatformFailed

LOCK = "platform.lock"
CONTENTS = ("settings.env", LOCK, "broker", "dagster", "fakesnow", "kafka", "logs", "reports", "spark", "warehouse")
"""What FlowGuard makes in a home."""


@dataclass(frozen=True)
class Running:
    """What the platform in a home tells about itself. ``parts``: name → ``pid`` and ``address``."""

    pid: int
    parts: dict[str, dict[str, Any]]


class HomeLock:
    """One platform at a time in a home. Freed by the kernel when the last process that has it open is gone."""

    def __init__(self, home: Path) -> None:
        """Raises PlatformFailed if a platform runs in this home, or one that was killed is still being stopped."""
        home.mkdir(parents=True, exist_ok=True)
        self.descriptor = os.open(home / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self.descriptor)
            raise PlatformFailed(
                f"FlowGuard already runs in {home} (see `flowguard status --home {home}`): "
                "stop it there with Ctrl-C, or give another directory with --home"
            ) from None
        self.tell({})

    def tell(self, parts: dict[str, dict[str, Any]]) -> None:
        """Write down what runs, for `running` to read."""
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, json.dumps({"pid": os.getpid(), "parts": parts}).encode(), 0)

    def release(self) -> None:
        os.close(self.descriptor)


def running(home: Path) -> Running | None:
    """What runs in a home; None if nothing does."""
    if not _is_held(home / LOCK):
        return None
    with suppress(ValueError):  # caught between the two steps of `tell`
        told = json.loads((home / LOCK).read_text())
        return Running(told["pid"], told["parts"])
    return Running(0, {})


def held_locks(home: Path) -> list[Path]:
    """The locks that some process holds: the platform's, a rolling run's, a writer's."""
    return [path for path in sorted(home.glob("**/*.lock")) if _is_held(path)]


def is_home(directory: Path) -> bool:
    """Whether a directory was made by FlowGuard."""
    return (directory / "settings.env").is_file()


def _is_held(lock: Path) -> bool:
    try:
        descriptor = os.open(lock, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
