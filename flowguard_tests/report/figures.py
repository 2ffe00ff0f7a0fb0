"""Figures of a made-up day, for tests of what is drawn and said of them."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from flowguard.report.converters import converter
from flowguard.report.figures import Arrival, Failing, Figures, LedgerLine, Refused, Seller, Totals

DAY = date(2026, 11, 23)
NIGHT = datetime(2026, 11, 24, 6, 0)


def totals(days_ago: int, orders: int, revenue: str, **others: Any) -> Totals:
    return Totals(DAY - timedelta(days_ago), orders, Decimal(revenue), **others)


def figures(**changes: Any) -> Figures:
    """Two orders on a Monday, four the day before, none a week ago, the first day being 20 days ago."""
    days = [
        totals(0, 2, "1230.50", people=2, refunds=1, refunded_revenue=Decimal("30.50"), clicks=8, converted_clicks=2),
        totals(1, 4, "2461.00", people=3, clicks=10, converted_clicks=3),
        totals(20, 1, "5.00", people=1),
    ]
    given: dict[str, Any] = {
        "day": DAY,
        "currency": "EUR",
        "made_at": NIGHT,
        "first_day": DAY - timedelta(20),
        "days": {day.date: day for day in days},
        "hours": ([0] * 12 + [2] + [0] * 11, [0] * 24),
        "sellers": [Seller("Ramen", "noodles", 2, Decimal("1230.50"))],
        "dishes": [converter("Ramen", 6, 2), converter("Mochi", 5, 0)],
        "categories": [converter("noodles", 6, 2), converter("desserts", 2, 0)],
        "quarantine": [Refused("gateway", "price", "open", 3), Refused("silver", "before_start", "redriven", 2)],
        "ledger": [LedgerLine("orders.v1", 10, 8, 1, 1, 0, 6, 1, 1, True)],
        "arrivals": [Arrival(DAY, 10, True)],
        "failing": [Failing("ops.quarantine", "quarantine_share", "At most 5 % are open", 1, False)],
        "is_settled": True,
    }
    return Figures(**given | changes)


def without_data(**changes: Any) -> Figures:
    nothing: dict[str, Any] = dict.fromkeys(
        ("sellers", "dishes", "categories", "quarantine", "ledger", "arrivals", "failing"), ()
    )
    return figures(days={}, hours=([0] * 24, [0] * 24), **nothing | changes)
