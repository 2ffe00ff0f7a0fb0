"""The account of people: what each did in which session, how many were new, and who came back to order."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from decimal import Decimal

import polars as pl

from flowguard.events.model import Click, Event, Impression, OrderPlaced
from flowguard.local.shoppers.figures import MONEY, RATE, frame, percent, ratio


@dataclass
class _Did:
    impressions: int = 0
    clicks: int = 0
    orders: int = 0
    revenue: Decimal = Decimal(0)


class People:
    """See each event; then ask for the tables."""

    def __init__(self) -> None:
        self._did: defaultdict[tuple[date, str, str | None], _Did] = defaultdict(_Did)
        """By day, user and session."""
        self._first: dict[str, date] = {}

    def see(self, event: Event) -> None:
        """An impression, a click or an order."""
        day = event.event_timestamp.astimezone(UTC).date()
        self._first[event.user_id] = min(day, self._first.get(event.user_id, day))
        did = self._did[day, event.user_id, event.session_id]
        did.impressions += isinstance(event, Impression)
        did.clicks += isinstance(event, Click)
        if isinstance(event, OrderPlaced):
            did.orders += 1
            did.revenue += event.price

    def user_sessions(self) -> pl.DataFrame:
        """One row per day, user and session; events without a session have one together."""
        rows = [
            {"date": day, "user_id": user, "session_id": session, **vars(did)}
            for (day, user, session), did in self._did.items()
        ]
        return frame(rows, "date user_id session_id impressions clicks orders revenue", {"revenue": MONEY})

    def user_engagement(self) -> pl.DataFrame:
        """One row per day on which somebody was there."""
        users: defaultdict[date, set[str]] = defaultdict(set)
        sessions: defaultdict[date, set[str]] = defaultdict(set)
        totals: defaultdict[date, Counter[str]] = defaultdict(Counter)
        for (day, user, session), did in self._did.items():
            users[day].add(user)
            sessions[day] |= {session} if session is not None else set()
            totals[day].update(impressions=did.impressions, clicks=did.clicks, orders=did.orders)
        newcomers = Counter(self._first.values())
        rows = [
            {
                "date": day,
                "active_users": len(users[day]),
                "new_users": newcomers[day],
                "sessions": len(sessions[day]),
                **total,
                "clicks_per_session": ratio(total["clicks"], len(sessions[day])),
                "orders_per_user": ratio(total["orders"], len(users[day])),
            }
            for day, total in sorted(totals.items())
        ]
        columns = "date active_users new_users sessions impressions clicks orders clicks_per_session orders_per_user"
        return frame(rows, columns, dict.fromkeys(("clicks_per_session", "orders_per_user"), RATE))

    def user_cohorts(self) -> pl.DataFrame:
        """One row per week of first orders and week in which some of its people ordered."""
        weeks: defaultdict[str, defaultdict[date, _Did]] = defaultdict(lambda: defaultdict(_Did))
        for (day, user, _), did in self._did.items():
            if did.orders:
                weekly = weeks[user][day - timedelta(days=day.weekday())]
                weekly.orders += did.orders
                weekly.revenue += did.revenue
        cells: defaultdict[tuple[date, int], list[_Did]] = defaultdict(list)
        for of_user in weeks.values():
            cohort = min(of_user)
            for week, weekly in of_user.items():
                cells[cohort, (week - cohort).days // 7].append(weekly)
        rows = [
            {
                "cohort_week": cohort,
                "weeks_since": since,
                "cohort_users": len(cells[cohort, 0]),
                "active_users": len(active),
                "retention": percent(len(active), len(cells[cohort, 0])),
                "orders": sum(did.orders for did in active),
                "revenue": sum((did.revenue for did in active), Decimal(0)),
            }
            for (cohort, since), active in sorted(cells.items())
        ]
        columns = "cohort_week weeks_since cohort_users active_users retention orders revenue"
        return frame(rows, columns, {"retention": RATE, "revenue": MONEY})
