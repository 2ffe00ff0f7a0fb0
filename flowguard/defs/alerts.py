"""The sensor that alerts: it compares what is so with what people were told of, and tells them the difference.

All that it knows is in the warehouse, so it can be stopped or killed at any time: it goes on with what is not told yet.
"""

import logging
from collections.abc import Collection

import dagster as dg

from flowguard.alerts.alert import OPEN
from flowguard.alerts.delivery import deliver, due
from flowguard.alerts.history import recent, record, write
from flowguard.alerts.outage import Outage
from flowguard.alerts.rules import step
from flowguard.defs.conditions import seen
from flowguard.defs.resources import Home
from flowguard.errors import WarehouseBusy
from flowguard.rounds.chunk import now
from flowguard.rounds.lease import ALERTS, rolling_lease

NAME = "alerts_sensor"
_log = logging.getLogger(__name__)


def alerts_sensor(watched: Collection[str]) -> dg.SensorDefinition:
    """``watched``: the names of the sensors and schedules whose failing ticks are told."""

    @dg.sensor(
        name=NAME,
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=5,
        description="Tells people what is wrong: once when it begins, and once when it is over",
    )
    def alerts_sensor(context: dg.SensorEvaluationContext, home: dg.ResourceParam[Home]) -> dg.SensorResult:
        outage = Outage.read(context.cursor)
        try:
            with rolling_lease(home.settings, ALERTS):  # a tick that Dagster has given up may still be sending
                done = tell(context.instance, home, watched)
        except WarehouseBusy as error:
            return dg.SensorResult(skip_reason=str(error), cursor=context.cursor)
        except Exception as error:
            _log.exception("alerts cannot be looked after")
            return dg.SensorResult(skip_reason=f"failed: {error}", cursor=outage.failed(error, home.receivers).text)
        return dg.SensorResult(skip_reason=done, cursor=outage.over(home.receivers).text)

    return alerts_sensor


def tell(instance: dg.DagsterInstance, home: Home, watched: Collection[str]) -> str:
    """Look, write down what began and what is over, and tell whoever does not know yet; what was done, in words."""
    moment = now()
    known, _ = recent(home.warehouse, moment)
    happened = {alert.key for alert in known if alert.severity == "info"}
    found = seen(instance, home, watched, happened)
    changed = step(known, found, moment, owner=home.settings.owner, repeat=home.settings.alert_repeat)
    write(home.warehouse, changed, known, home.receivers)
    alerts, deliveries = recent(home.warehouse, moment)
    work = due(alerts, deliveries, home.receivers, now())
    deliver(work, now, lambda delivery: record(home.warehouse, delivery))
    return f"{sum(alert.state == OPEN for alert in alerts)} alerts are open, {len(work)} messages were due"
