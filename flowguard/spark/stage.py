"""The stage: where a job's input, plan and output are while it runs. On a cluster, a folder that all of it sees."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flowguard.settings import Settings
from flowguard.warehouse.ducklake.errors import storage_errors

_LOCK = "in-use.lock"


@contextmanager
def folder(settings: Settings, run_id: str) -> Iterator[Path]:
    """A folder of one rebuild, gone afterwards; what killed ones have left goes before.

    Raises:
        StorageFailed: it cannot be written.
    """
    own = place(settings) / run_id
    with storage_errors(own.parent):
        own.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(own.parent)
        descriptor = os.open(own / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            yield own
        finally:
            os.close(descriptor)
            shutil.rmtree(own, ignore_errors=True)


def place(settings: Settings) -> Path:
    """Where the folders of all rebuilds are."""
    return settings.spark_stage or settings.home / "spark"


def _remove_leftovers(stage: Path) -> None:
    """The kernel lets go of a lock when its holder dies."""
    for lock in stage.glob(f"*/{_LOCK}"):
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)
