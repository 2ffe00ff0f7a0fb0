"""How a figure differs from the same figure of another day."""

from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple


class Change(NamedTuple):
    """``difference`` in the figure's own unit. ``percent`` is None where the other figure was zero."""

    before: Decimal
    difference: Decimal
    percent: Decimal | None


def change(now: Decimal | int | None, before: Decimal | int | None) -> Change | None:
    """From before to now; None where either does not exist."""
    if now is None or before is None:
        return None
    difference = Decimal(now) - Decimal(before)
    share = (100 * difference / Decimal(before)).quantize(Decimal("0.1"), ROUND_HALF_UP) if before else None
    return Change(Decimal(before), difference, share)
