"""Figures as people read them, in English whatever the machine's language."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from flowguard.report.change import Change

NO_BREAK = "\u00a0"
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December"),
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def number(value: int | Decimal) -> str:
    return _with_sign(f"{value:,}")


def amount(value: Decimal | int) -> str:
    """Money without its currency."""
    return _with_sign(f"{value:,.2f}")


def money(value: Decimal, currency: str) -> str:
    """The exact amount, such as USD 1,234.50."""
    return f"{currency}{NO_BREAK}{amount(value)}"


def rate(value: Decimal | int | float | None) -> str:
    """Percent with one decimal."""
    return "–" if value is None else f"{_with_sign(f'{value:,.1f}')}{NO_BREAK}%"


def relative(change: Change) -> str:
    """The change in percent; without a figure to compare with, in words."""
    if change.difference == 0:
        return "unchanged"
    return f"{change.percent:+,.1f}{NO_BREAK}%".replace("-", "−") if change.percent is not None else "from none"


def points(change: Change) -> str:
    """The change of a rate, in percentage points."""
    return "unchanged" if change.difference == 0 else f"{change.difference:+,.1f}{NO_BREAK}pts".replace("-", "−")


def long_day(day: date) -> str:
    return f"{_WEEKDAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


def short_day(day: date) -> str:
    return f"{_WEEKDAYS[day.weekday()][:3]} {month_day(day)}".replace(" ", NO_BREAK)


def month_day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1][:3]}"


def instant(moment: datetime) -> str:
    """A naive UTC instant, to the minute."""
    return f"{month_day(moment)} {moment.year}, {moment:%H:%M} UTC".replace(" ", NO_BREAK)


def counted(amount: int, one: str, many: str = "") -> str:
    """``1 order``, ``1,234 orders``."""
    return f"{number(amount)} {one if amount == 1 else many or one + 's'}"


def bars(values: Sequence[float]) -> str:
    """Small bars out of characters, for where there are no pictures."""
    steps, most = "▁▂▃▄▅▆▇█", max(values, default=0)
    return "".join(steps[round((len(steps) - 1) * value / most)] if most else steps[0] for value in values)


def _with_sign(text: str) -> str:
    return text.replace("-", "−")
