"""What Dagster loads: everything in ``defs/``."""

import dagster as dg

from flowguard.defs.everything import everything
from flowguard.settings import load_settings


@dg.definitions
def defs() -> dg.Definitions:
    return everything(load_settings())
