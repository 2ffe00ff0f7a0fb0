"""What a new home begins with: weeks of simulated shoppers, so that every table and chart has something to show.

They are sent as all events are, now; only what they tell of has happened before. So Bronze has them on the day of
their arrival, and SILVER and GOLD on the days on which they happened.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime, timedelta

from flowguard.gold.tables import DAILY_REPORT
from flowguard.kafka.broker import Broker
from flowguard.local.backfill import launch
from flowguard.local.demo.catch_up import Progress, look
from flowguard.local.shoppers import Plan
from flowguard.settings import Settings
from flowguard.warehouse import open_warehouse

EVENTS_A_DAY = 2_000
REPORTED_DAYS = 7
_SEED = 1
_LOOK_AGAIN_SECONDS = 0.5
_OLDER_DIRTY_DAYS = """
SELECT COUNT(*) FROM (SELECT DISTINCT table_name, day FROM ops.dirty_days WHERE day < '{today}') AS days
"""


def beginning(settings: Settings, now: datetime) -> Plan | None:
    """The shoppers of the last ``history_days`` whole days and of today until now, none of them before the start date;
    None if no history is wanted. ``now`` is an instant in UTC."""
    days = min(settings.history_days, (now.date() - settings.start_date).days)
    return Plan(_SEED, days * EVENTS_A_DAY, days + 1, now, settings.currency) if days > 0 else None


def until_in_tables(settings: Settings, today: date, check: Callable[[], None]) -> Iterator[Progress]:
    """Yields progress until what Kafka holds now is ingested and the days before today are in GOLD, whatever else comes
    meanwhile. ``check`` raises when a part of the platform has failed."""
    with closing(Broker(settings)) as broker, closing(open_warehouse(settings)) as warehouse:
        held = look(broker, warehouse).held
        while True:
            check()
            ingested = min(look(broker, warehouse).ingested, held)
            dirty = warehouse.query(_OLDER_DIRTY_DAYS.format(today=today)).item()
            yield Progress(held, ingested, dirty)
            if ingested == held and dirty == 0:
                return
            time.sleep(_LOOK_AGAIN_SECONDS)


def ask_for_reports(settings: Settings, today: date) -> None:
    """Ask Dagster for the daily reports of the last week, which nobody has made.

    Raises:
        PlatformFailed: the webserver did not take the order.
    """
    first = max(settings.start_date, today - timedelta(days=REPORTED_DAYS))
    launch(settings, [DAILY_REPORT.full_name], first, today - timedelta(days=1))
