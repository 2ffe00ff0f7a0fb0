"""Who holds a lock."""

from pathlib import Path


def holder_of(lock: Path) -> int | None:
    """The process that holds a file lock, by the kernel's list of locks; None where none does."""
    if not lock.exists():
        return None
    inode = lock.stat().st_ino
    for line in Path("/proc/locks").read_text().splitlines():
        columns = line.split()
        if "->" not in columns and columns[5].endswith(f":{inode}"):
            return int(columns[4])
    return None
