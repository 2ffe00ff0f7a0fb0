"""Saying what GOLD does not follow, once for each day of a run."""

import dagster as dg

from flowguard.rounds.holds import Held, waiting
from flowguard.warehouse import Warehouse


class HoldTeller:
    """Warns in a run's log of the days that are held back, each when it is first seen to be."""

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        self._context = context
        self._told: set[tuple[object, str]] = set()

    def tell(self, warehouse: Warehouse) -> None:
        """Warn of what is new, and forget what is over."""
        held = {_key(one): one for one in waiting(warehouse).held}
        for key in held.keys() - self._told:
            self._context.log.warning(f"{held[key]}. {held[key].advice}")
        self._told = set(held)


def _key(held: Held) -> tuple[object, str]:
    return held.day, held.failure.name
