"""What page and text say alike of the quality of a day's data."""

from collections.abc import Iterable

from flowguard.report import words
from flowguard.report.figures import Arrival, Figures, LedgerLine, Refused


def arrivals(of_day: Iterable[Arrival]) -> str:
    """On which days the events of a day arrived."""
    unbalanced = "; the ledger of that day does not balance"
    told = (
        f"{words.short_day(day)} ({words.number(events)}{'' if balanced else unbalanced})"
        for day, events, balanced in of_day
    )
    return f"The events of this day arrived on {', '.join(told)}."


def stages(entries: Iterable[Refused]) -> str:
    """Where records were refused by a rule: ``gateway 12, silver 3 redriven``."""
    return ", ".join(
        f"{entry.stage} {words.number(entry.records)}{'' if entry.status == 'open' else f' {entry.status}'}"
        for entry in entries
    )


def missing(line: LedgerLine) -> str:
    """What keeps a topic's ledger from balancing."""
    return (
        f"{words.number(line.missing_in_bronze)} of its offsets are in no table, "
        f"{words.number(line.missing_in_silver)} of its Bronze rows neither in SILVER nor among duplicates and "
        "rejected ones."
    )


def checks(figures: Figures) -> str:
    """How many checks fail."""
    if not figures.failing:
        return "All checks pass"
    return f"{words.counted(len(figures.failing), 'check')} {'fails' if len(figures.failing) == 1 else 'fail'}"
