"""The leases of what must not work twice at a time: rolling runs of a kind, and who sends alerts. Freed by the kernel
the moment their holder dies."""

from contextlib import AbstractContextManager
from pathlib import Path

from flowguard.errors import WarehouseBusy
from flowguard.settings import Settings
from flowguard.warehouse.lock import file_lock

INGESTION, GOLD, ALERTS = "rolling", "following", "alerts"


def rolling_lease(settings: Settings, kind: str = INGESTION) -> AbstractContextManager[None]:
    """Hold the lease; raises WarehouseBusy if another process does."""
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
