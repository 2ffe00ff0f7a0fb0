"""Delivery: each receiver is told what it does not know yet, and tried again later where it did not take it."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from flowguard.alerts.alert import OPEN, Alert
from flowguard.alerts.message import message
from flowguard.alerts.receivers import Receiver
from flowguard.alerts.rules import GATHERS
from flowguard.faults import crash_point

LONGEST_SECONDS = 20.0
"""Nothing more is sent in a tick that has sent for so long; Dagster gives a tick 60 s."""
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=5)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Delivery:
    """A row of ``ops.alert_deliveries``: what a receiver was told of an alert, and how that goes on."""

    alert_id: str
    receiver: str
    address: str
    told: str | None = None
    told_at: datetime | None = None
    attempts: int = 0
    try_at: datetime | None = None
    error: str | None = None


class Due(NamedTuple):
    """Something to tell a receiver."""

    alert: Alert
    receiver: Receiver
    delivery: Delivery


def announced(alerts: Sequence[Alert], receivers: Sequence[Receiver]) -> list[Delivery]:
    """The deliveries of new alerts, of which nothing is told yet."""
    return [Delivery(alert.id, receiver.id, receiver.address) for alert in alerts for receiver in receivers]


def due(
    alerts: Sequence[Alert], deliveries: Sequence[Delivery], receivers: Sequence[Receiver], now: datetime
) -> list[Due]:
    """What is to be told now: first what was tried least, so that no message keeps the others waiting.

    A receiver that is new is told of what is open, not of what was over before it came.
    """
    known: Mapping[tuple[str, str], Delivery] = {(each.alert_id, each.receiver): each for each in deliveries}
    found = []
    for alert in alerts:
        for receiver in receivers:
            delivery = known.get((alert.id, receiver.id))
            if delivery is None and alert.state == OPEN:
                delivery = Delivery(alert.id, receiver.id, receiver.address)
            if delivery is not None and _is_due(alert, delivery, now):
                found.append(Due(alert, receiver, delivery))
    return sorted(found, key=lambda each: (each.delivery.attempts, each.alert.noticed_at))


def deliver(work: Sequence[Due], now: Callable[[], datetime], record: Callable[[Delivery], None]) -> None:
    """Send, and record each outcome at once. A receiver that fails is left alone until the next tick."""
    deadline, failed = time.monotonic() + LONGEST_SECONDS, set()
    for alert, receiver, delivery in work:
        if receiver.id in failed or time.monotonic() > deadline:
            continue
        error = receiver.send(message(alert))
        crash_point("alert.sent")
        record(_failed(delivery, error, now()) if error else _taken(delivery, alert, now()))
        if error:
            failed.add(receiver.id)
            _log.warning("alert %s was not taken by %s: %s", alert.id, receiver.address, error)


def _is_due(alert: Alert, delivery: Delivery, now: datetime) -> bool:
    gathered = alert.state != OPEN or now - alert.noticed_at >= GATHERS
    return delivery.told != alert.news and gathered and (delivery.try_at is None or delivery.try_at <= now)


def _taken(delivery: Delivery, alert: Alert, now: datetime) -> Delivery:
    return replace(delivery, told=alert.news, told_at=now, attempts=0, try_at=None, error=None)


def _failed(delivery: Delivery, error: str, now: datetime) -> Delivery:
    wait = min(_FIRST_WAIT * 2 ** min(delivery.attempts, 10), _LONGEST_WAIT)
    return replace(delivery, attempts=delivery.attempts + 1, try_at=now + wait, error=error)
