"""Looking at real processes."""

import os
import sys
from pathlib import Path

from flowguard.local.supervisor import Program

ENDLESS = "import time; time.sleep(1000)"


def python(name: str, code: str, patience: float = 15.0) -> Program:
    """A program in Python."""
    return Program(name, (sys.executable, "-c", code), patience)


def exists(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be reaped."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def members(group: int) -> list[int]:
    """The processes of a group."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if exists(pid) and _group(pid) == group]


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0
