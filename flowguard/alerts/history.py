"""Alerts and their deliveries in the warehouse. Transactions are short, and nothing is sent inside of one."""

from collections.abc import Iterable
from dataclasses import astuple
from datetime import datetime, timedelta

from flowguard.alerts.alert import OPEN, Alert
from flowguard.alerts.delivery import Delivery, announced
from flowguard.alerts.receivers import Receiver
from flowguard.models.frame import frame
from flowguard.models.ops import ALERT_DELIVERIES, ALERTS
from flowguard.rounds.entries import quoted
from flowguard.warehouse import Session, Warehouse

KEPT_IN_MIND = timedelta(days=7)
"""How long an alert that is over is still delivered, and remembered as one that comes and goes."""

_RECENT = "(state = '{open}' OR over_at > CAST('{since}' AS TIMESTAMP))"


def recent(warehouse: Warehouse, now: datetime) -> tuple[list[Alert], list[Delivery]]:
    """The alerts that are open or were over lately, and what was told of them."""
    condition = _RECENT.format(open=OPEN, since=(now - KEPT_IN_MIND).date())  # the same question all day long
    alerts = warehouse.query(f"SELECT {', '.join(ALERTS.column_names)} FROM {ALERTS.full_name} WHERE {condition}")
    deliveries = warehouse.query(
        f"SELECT {', '.join(ALERT_DELIVERIES.column_names)} FROM {ALERT_DELIVERIES.full_name} "
        f"WHERE alert_id IN (SELECT id FROM {ALERTS.full_name} WHERE {condition})"
    )
    return [Alert(*row) for row in alerts.iter_rows()], [Delivery(*row) for row in deliveries.iter_rows()]


def write(warehouse: Warehouse, changed: list[Alert], known: Iterable[Alert], receivers: list[Receiver]) -> None:
    """Write down new alerts, each with what there is to deliver, and those that are different, all or none."""
    if not changed:
        return
    ids = {alert.id for alert in known}
    new = [alert for alert in changed if alert.id not in ids]
    with warehouse.session() as session, session.transaction():
        _replace(session, changed)
        session.insert(ALERT_DELIVERIES, frame(ALERT_DELIVERIES, map(astuple, announced(new, receivers))))


def record(warehouse: Warehouse, delivery: Delivery) -> None:
    """Write down how a delivery went."""
    with warehouse.session() as session, session.transaction():
        session.execute(
            f"DELETE FROM {ALERT_DELIVERIES.full_name} "
            f"WHERE alert_id = '{delivery.alert_id}' AND receiver = '{delivery.receiver}'"
        )
        session.insert(ALERT_DELIVERIES, frame(ALERT_DELIVERIES, [astuple(delivery)]))


def _replace(session: Session, alerts: list[Alert]) -> None:
    ids = ", ".join(f"'{alert.id}'" for alert in alerts)
    session.execute(f"DELETE FROM {ALERTS.full_name} WHERE id IN ({ids})")
    session.insert(ALERTS, frame(ALERTS, map(astuple, alerts)))


def find(warehouse: Warehouse, id: str) -> Alert | None:
    """The alert of an id, None if there is none."""
    rows = warehouse.query(f"SELECT {', '.join(ALERTS.column_names)} FROM {ALERTS.full_name} WHERE id = {quoted(id)}")
    return next((Alert(*row) for row in rows.iter_rows()), None)
