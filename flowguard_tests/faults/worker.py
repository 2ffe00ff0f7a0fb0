"""What the tests kill: a process that does one piece of work in the home that its environment names.

``python -m flowguard_tests.faults.worker WORK [FAULT]``, where FAULT is ``POINT PASSES``: it dies at that crash point
after so many passes of it; or ``largest_file SIZE``: no file can grow beyond that, as if the disk were full.
"""

import resource
import sys
from contextlib import closing, nullcontext
from unittest import mock

from flowguard import faults
from flowguard.alerts.delivery import deliver, due
from flowguard.alerts.history import recent
from flowguard.alerts.history import record as write_down
from flowguard.alerts.receivers import receivers
from flowguard.kafka.broker import Broker
from flowguard.rounds import gold
from flowguard.rounds.acceptance import accept, propose
from flowguard.rounds.chunk import now
from flowguard.rounds.publishing import Outlet
from flowguard.rounds.rolling import Rolled, roll
from flowguard.settings import load_settings
from flowguard.warehouse import open_warehouse


def ingest() -> Rolled:
    settings = load_settings()
    warehouse = open_warehouse(settings)
    return roll(settings, warehouse, run_id="worker", on_commit=lambda _: None, each_minute=lambda *_: None)


def ingest_without_lease() -> Rolled:
    """As a second run would whose lease was taken from it: only the warehouse keeps two of them apart."""
    with mock.patch("flowguard.rounds.rolling.rolling_lease", lambda settings: nullcontext()):
        return ingest()


def ingest_only() -> Rolled:
    """Ingest as when Kafka takes no transaction: everything is left to be published."""
    with mock.patch("flowguard.rounds.rolling.Publishing", lambda settings, warehouse: mock.MagicMock()):
        return ingest()


def publish() -> int:
    """In transactions of few changes, each told to the home."""
    settings = load_settings()
    small = mock.patch.multiple("flowguard.rounds.publishing", MOST_AT_ONCE=40, COPY_SECONDS=0.0)
    with small, closing(Outlet(settings, open_warehouse(settings))) as outlet:
        published = outlet.publish()
        outlet.finish()
        return published


def refresh() -> object:
    settings = load_settings()
    return gold.refresh(open_warehouse(settings), settings)


def maintain() -> object:
    return list(open_warehouse(load_settings()).maintain())


def accept_gap() -> object:
    settings = load_settings()
    with closing(Broker(settings)) as broker, open_warehouse(settings).session() as session:
        decision = propose(session, broker, settings.orders_topic)
        assert decision is not None
        return accept(session, decision, reason="a test", run_id="worker")


def alert() -> int:
    """Tell what is due."""
    settings = load_settings()
    with closing(open_warehouse(settings)) as warehouse:
        told, moment = receivers(settings), now()
        work = due(*recent(warehouse, moment), told, moment)
        deliver(work, now, lambda delivery: write_down(warehouse, delivery))
        return len(work)


WORK = {
    "alert": alert,
    "ingest": ingest,
    "ingest_only": ingest_only,
    "ingest_without_lease": ingest_without_lease,
    "publish": publish,
    "refresh": refresh,
    "maintain": maintain,
    "accept_gap": accept_gap,
}

if __name__ == "__main__":
    work, *fault = sys.argv[1:]
    match fault:
        case ["largest_file", size]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), int(size)))
        case [point, passes]:
            faults.arm(point, int(passes))
    sys.stdout.write(f"{WORK[work]()}\n")
