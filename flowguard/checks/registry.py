"""All checks, in the order of the flow."""

from collections.abc import Collection

from flowguard.checks.anomalies import ANOMALIES
from flowguard.checks.attribution import ATTRIBUTION
from flowguard.checks.check import Check
from flowguard.checks.flow import FLOW
from flowguard.checks.gold import GOLD
from flowguard.checks.identity import IDENTITY
from flowguard.checks.quality import keys_unique, rows_valid
from flowguard.checks.silver import SILVER
from flowguard.models.registry import TABLES
from flowguard.models.table import Model

_SHOWN = tuple(table for table in TABLES if table.day is not None or isinstance(table, Model))

CHECKS: tuple[Check, ...] = (
    *(keys_unique(table) for table in _SHOWN),
    *(rows_valid(table) for table in _SHOWN),
    *FLOW,
    *SILVER,
    *IDENTITY,
    *ATTRIBUTION,
    *GOLD,
    *(usual.check for usual in ANOMALIES),
)


def checks_of(tables: Collection[str]) -> tuple[Check, ...]:
    """The checks of tables, given by full name."""
    return tuple(check for check in CHECKS if check.table in tables)
