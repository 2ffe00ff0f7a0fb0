"""The lease of the rolling run: one at a time, freed by the kernel the moment its holder dies."""

from contextlib import AbstractContextManager
from pathlib import Path

from flowguard.errors import WarehouseBusy
from flowguard.settings import Settings
from flowguard.warehouse.lock import file_lock


def rolling_lease(settings: Settings) -> AbstractContextManager[None]:
    """Hold the lease; raises WarehouseBusy if another run does."""
    return file_lock(_path(settings), timeout=1.0)


def lease_is_held(settings: Settings) -> bool:
    """Whether a rolling run is at work right now."""
    try:
        with file_lock(_path(settings), timeout=0.0):
            return False
    except WarehouseBusy:
        return True


def _path(settings: Settings) -> Path:
    return settings.home / "warehouse" / "rolling.lock"
