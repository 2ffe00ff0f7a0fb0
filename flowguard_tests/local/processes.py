"""Looking at real processes."""

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

from flowguard.local.supervisor import Program

_LISTENING = "0A"
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


def listening(pid: int) -> set[str]:
    """``address:port`` of everything that a process listens on, by IPv4."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            inodes.add(str(descriptor.readlink()))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == _LISTENING and f"socket:[{columns[9]}]" in inodes:
                address, port = columns[1].split(":")
                found.add(f"{socket.inet_ntoa(bytes.fromhex(address[-8:])[::-1])}:{int(port, 16)}")
    return found


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0
