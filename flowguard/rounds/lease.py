"""The leases of the rolling runs: one run of a kind at a time, freed by the kernel the moment its holder dies."""

from contextlib import AbstractContextManager
from pathlib import Path

from flowguard.errors import WarehouseBusy
from flowguard.settings import Settings
from flowguard.warehouse.lock import file_lock

INGESTION, GOLD = "rolling", "following"


def rolling_lease(settings: Settings, kind: str = INGESTION) -> AbstractContextManager[None]:
    """Hold the lease; raises WarehouseBusy if another run does."""
    return file_lock(_path(settings, kind), timeout=1.0)


def lease_is_held(settings: Settings, kind: str = INGESTION) -> bool:
    """Whether a rolling run is at work right now."""
    try:
        with file_lock(_path(settings, kind), timeout=0.0):
            return False
    except WarehouseBusy:
        return True


def _path(settings: Settings, kind: str) -> Path:
    return settings.home / "warehouse" / f"{kind}.lock"
