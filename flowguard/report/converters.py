"""Which dishes convert best and worst: those of which the day's clicks make it surest."""

from collections.abc import Iterable, Sequence
from math import sqrt

from flowguard.report.figures import Converter

MOST = 5
FEWEST_CLICKS = 5
"""Of a dish with fewer clicks on the day nothing is sure, however lucky they were."""
_Z = 1.96


def converter(name: str, clicks: int, converted: int) -> Converter:
    """With the bounds of the rate that the clicks make credible: Wilson's, 95 %, as ``gold.items_not_converting``."""
    centre = (converted + _Z**2 / 2) / (clicks + _Z**2)
    spread = _Z * sqrt(converted * (clicks - converted) / clicks + _Z**2 / 4) / (clicks + _Z**2)
    return Converter(name, clicks, converted, 100 * max(centre - spread, 0.0), 100 * min(centre + spread, 1.0))


def best_and_worst(dishes: Iterable[Converter]) -> tuple[Sequence[Converter], Sequence[Converter]]:
    """The surest ones of either kind, the surest first, among those with enough clicks; with few dishes the lists are
    shorter, so that none is in both."""
    enough = (dish for dish in dishes if dish.clicks >= FEWEST_CLICKS)
    ranked = sorted(enough, key=lambda dish: (-dish.low, dish.name))
    each = min(MOST, len(ranked) // 2)
    best = ranked[:each]
    others = sorted(ranked[each:], key=lambda dish: (dish.high, -dish.clicks, dish.name))
    return best, others[:each]
