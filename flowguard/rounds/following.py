"""GOLD follows: refresh after refresh while days are dirty, until nothing changed for a while."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

from flowguard.errors import WarehouseBusy
from flowguard.rounds.changes import Changes
from flowguard.rounds.chunk import now
from flowguard.rounds.gold import refresh
from flowguard.rounds.lease import GOLD, rolling_lease
from flowguard.rounds.news import wait_for_dirty_days
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse

_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class Followed:
    """How many refreshes there were, and why they ended."""

    refreshes: int
    ended: str


def follow(
    settings: Settings,
    warehouse: Warehouse,
    *,
    on_refresh: Callable[[Changes, float], None],
    each_minute: Callable[[Warehouse, Changes], None],
) -> Followed:
    """Refresh GOLD at most every ``settings.gold_interval``, as long as days turn dirty.

    ``on_refresh`` is called after each refresh with what changed and how long it took in seconds, ``each_minute`` with
    what changed since its last call, which may be nothing, and at the end.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(rolling_lease(settings, GOLD))
        except WarehouseBusy:
            return Followed(0, "another run is at work")
        return _follow(settings, warehouse, on_refresh, each_minute)


def _follow(
    settings: Settings,
    warehouse: Warehouse,
    on_refresh: Callable[[Changes, float], None],
    each_minute: Callable[[Warehouse, Changes], None],
) -> Followed:
    refreshes, unchecked = 0, Changes()
    patience = min(_PATIENCE_SECONDS, settings.quiet_time.total_seconds())
    started = last_change = checked = time.monotonic()
    day = now().date()
    while (ended := _why_end(settings, day, started, last_change)) is None:
        if wait_for_dirty_days(warehouse, patience):
            begun = time.monotonic()
            changes = refresh(warehouse, settings)
            last_change = time.monotonic()
            on_refresh(changes, last_change - begun)
            refreshes, unchecked = refreshes + 1, unchecked | changes
            time.sleep(max(0.0, settings.gold_interval.total_seconds() - (last_change - begun)))
        if _passed(checked, settings.check_interval):
            each_minute(warehouse, unchecked)
            unchecked, checked = {}, time.monotonic()
    if unchecked:
        each_minute(warehouse, unchecked)
    return Followed(refreshes, ended)


def _why_end(settings: Settings, day: object, started: float, last_change: float) -> str | None:
    if now().date() != day:
        return "midnight"
    if _passed(started, settings.longest_life):
        return "longest life"
    return "quiet" if _passed(last_change, settings.quiet_time) else None


def _passed(since: float, interval: timedelta) -> bool:
    return time.monotonic() - since >= interval.total_seconds()
