"""Publishing while no rolling run is at work: what a backfill or a redrive changed, or Kafka did not take before."""

from contextlib import closing

import dagster as dg

from flowguard.defs.keys import topic_key
from flowguard.defs.resources import Home
from flowguard.errors import FlowGuardError
from flowguard.rounds.lease import lease_is_held
from flowguard.rounds.publishing import Outlet
from flowguard.settings import Settings


def publishing_sensor(settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(
        name="publishing_sensor",
        asset_selection=dg.AssetSelection.assets(topic_key(settings.attributed_topic)),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=5,
        description="Publishes attributed orders that changed while no rolling run was at work, without a run",
    )
    def publishing_sensor(home: dg.ResourceParam[Home]) -> dg.SkipReason:
        if lease_is_held(home.settings):
            return dg.SkipReason("the rolling run publishes")
        try:
            with closing(Outlet(home.settings, home.warehouse)) as outlet:
                published = outlet.publish()
                outlet.finish()
        except FlowGuardError as error:
            return dg.SkipReason(f"published later: {error}")
        return dg.SkipReason(f"{published} changes published" if published else "nothing to publish")

    return publishing_sensor
