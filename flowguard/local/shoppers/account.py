"""The simulator's own account of what it sent: what GOLD must say, in plain Python and without FlowGuard's SQL."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl

from flowguard.events.model import Click, Event, Impression, OrderPlaced, OrderRefunded
from flowguard.local.shoppers.figures import MONEY, RATE, frame, money, percent
from flowguard.local.shoppers.people import People
from flowguard.local.shoppers.traffic import Delivery

WINDOW = timedelta(minutes=30)


@dataclass
class _Named:
    """The name and category that an item had last on a day."""

    seen: tuple[datetime, str] | None = None
    item_name: str = ""
    category: str = ""

    def see(self, event: Event) -> None:
        moment = event.event_timestamp, event.event_id
        if self.seen is None or moment > self.seen:
            self.seen = moment
            self.item_name = event.item_name or event.item_id
            self.category = event.category or "uncategorised"


@dataclass
class _Sales(_Named):
    orders: int = 0
    revenue: Decimal = Decimal(0)


@dataclass
class _Views(_Named):
    impressions: int = 0
    clicks: int = 0
    hours: defaultdict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    converted: set[str] = field(default_factory=set)
    orders: int = 0
    revenue: Decimal = Decimal(0)

    def figures(self) -> dict[str, object]:
        return {
            "converted_clicks": len(self.converted),
            "attributed_orders": self.orders,
            "attributed_revenue": self.revenue,
            "click_to_order_rate": percent(len(self.converted), self.clicks),
        }


@dataclass
class _Hour:
    orders: int = 0
    revenue: Decimal = Decimal(0)
    users: set[str] = field(default_factory=set)


@dataclass
class _Day:
    orders: int = 0
    revenue: Decimal = Decimal(0)
    users: set[str] = field(default_factory=set)
    refunded: int = 0
    refunded_revenue: Decimal = Decimal(0)
    hours: dict[int, _Hour] = field(default_factory=lambda: defaultdict(_Hour))
    sales: dict[str, _Sales] = field(default_factory=lambda: defaultdict(_Sales))
    views: dict[str, _Views] = field(default_factory=lambda: defaultdict(_Views))


class Account:
    """Add each delivery; then ask for the tables, as frames with the columns of GOLD, sorted by their keys."""

    def __init__(self, window: timedelta = WINDOW) -> None:
        self._window = window
        self.sent = 0
        self.duplicates: Counter[str] = Counter()
        """Records that repeat others, by ``orders`` and ``clicks``."""
        self.refused: Counter[tuple[str, str]] = Counter()
        """Records that break a rule, by stage and rule."""
        self._days: defaultdict[date, _Day] = defaultdict(_Day)
        self._orders: dict[str, tuple[date, Decimal]] = {}
        self._refunds: set[str] = set()
        self._placed: list[OrderPlaced] = []
        self._people = People()
        self._clicks: defaultdict[str, list[tuple[datetime, str, str]]] = defaultdict(list)
        """By user, when, by which event and on which item."""

    def add(self, delivery: Delivery) -> None:
        """Enter a record that is being sent."""
        self.sent += 1
        outcome = delivery.outcome
        if outcome.kind == "kept":
            self._keep(delivery.event)
        elif outcome.kind == "duplicate":
            self.duplicates["orders" if delivery.is_order else "clicks"] += 1
        else:
            self.refused[outcome.stage or "", outcome.rule or ""] += 1

    def watch(self, deliveries: Iterable[Delivery]) -> Iterator[Delivery]:
        """Pass deliveries on, entering each."""
        for delivery in deliveries:
            self.add(delivery)
            yield delivery

    def _keep(self, event: Event) -> None:
        day = event.event_timestamp.astimezone(UTC).date()
        if not isinstance(event, OrderRefunded):
            self._people.see(event)
        if isinstance(event, OrderPlaced):
            self._orders[event.order_id] = day, event.price
            self._placed.append(event)
            self._sell(self._days[day], event)
        elif isinstance(event, OrderRefunded):
            self._refunds.add(event.order_id)
        else:
            views = self._days[day].views[event.item_id]
            views.see(event)
            views.hours[_hour(event)]["impressions" if isinstance(event, Impression) else "clicks"] += 1
            views.impressions += isinstance(event, Impression)
            if isinstance(event, Click):
                views.clicks += 1
                self._clicks[event.user_id].append((event.event_timestamp, event.event_id, event.item_id))

    @staticmethod
    def _sell(day: _Day, order: OrderPlaced) -> None:
        day.orders += 1
        day.revenue += order.price
        day.users.add(order.user_id)
        hour = day.hours[_hour(order)]
        hour.orders += 1
        hour.revenue += order.price
        hour.users.add(order.user_id)
        sales = day.sales[order.item_id]
        sales.see(order)
        sales.orders += 1
        sales.revenue += order.price

    def tables(self) -> dict[str, pl.DataFrame]:
        """The expected tables of GOLD, by name."""
        return {
            "daily_order_metrics": self.daily_order_metrics(),
            "hourly_order_metrics": self.hourly_order_metrics(),
            "food_performance": self.food_performance(),
            "funnel_metrics": self.funnel_metrics(),
            "category_conversion": self.category_conversion(),
            "click_heatmap": self.click_heatmap(),
            "user_sessions": self._people.user_sessions(),
            "user_engagement": self._people.user_engagement(),
            "user_cohorts": self._people.user_cohorts(),
        }

    def daily_order_metrics(self) -> pl.DataFrame:
        """One row per day with orders; a refund counts on its order's day with its order's price."""
        refunded: Counter[date] = Counter()
        returned: defaultdict[date, Decimal] = defaultdict(Decimal)
        for order_id in self._refunds & self._orders.keys():
            day, price = self._orders[order_id]
            refunded[day] += 1
            returned[day] += price
        rows = [
            {
                "date": date,
                "total_orders": day.orders,
                "total_revenue": day.revenue,
                "unique_users": len(day.users),
                "avg_order_value": money(day.revenue / day.orders),
                "refunded_orders": refunded[date],
                "refunded_revenue": returned[date],
                "net_revenue": day.revenue - returned[date],
            }
            for date, day in sorted(self._days.items())
            if day.orders
        ]
        decimals = dict.fromkeys(("total_revenue", "avg_order_value", "refunded_revenue", "net_revenue"), MONEY)
        return frame(
            rows,
            "date total_orders total_revenue unique_users avg_order_value refunded_orders refunded_revenue net_revenue",
            decimals,
        )

    def hourly_order_metrics(self) -> pl.DataFrame:
        """One row per hour with orders."""
        rows = [
            {
                "date": date,
                "hour": number,
                "total_orders": hour.orders,
                "total_revenue": hour.revenue,
                "unique_users": len(hour.users),
            }
            for date, day in sorted(self._days.items())
            for number, hour in sorted(day.hours.items())
        ]
        return frame(rows, "date hour total_orders total_revenue unique_users", {"total_revenue": MONEY})

    def food_performance(self) -> pl.DataFrame:
        """One row per day and ordered item, ranked by revenue within the day."""
        rows = [
            {
                "date": date,
                "item_id": item_id,
                "item_name": sales.item_name,
                "category": sales.category,
                "total_orders": sales.orders,
                "revenue": sales.revenue,
                "avg_price": money(sales.revenue / sales.orders),
                "revenue_rank": rank,
            }
            for date, day in sorted(self._days.items())
            for rank, (item_id, sales) in enumerate(_by_revenue(day.sales), start=1)
        ]
        decimals = dict.fromkeys(("revenue", "avg_price"), MONEY)
        columns = "date item_id item_name category total_orders revenue avg_price revenue_rank"
        return frame(rows, columns, decimals).sort("date", "item_id")

    def funnel_metrics(self) -> pl.DataFrame:
        """One row per day and seen item; rates in percent, NULL without a denominator."""
        self._attribute()
        rows = [
            {
                "date": date,
                "item_id": item_id,
                "item_name": views.item_name,
                "category": views.category,
                "impressions": views.impressions,
                "clicks": views.clicks,
                "ctr": percent(views.clicks, views.impressions),
                **views.figures(),
            }
            for date, day in sorted(self._days.items())
            for item_id, views in sorted(day.views.items())
        ]
        columns = f"date item_id item_name category impressions clicks ctr {_CONVERSION}"
        return frame(rows, columns, {"ctr": RATE, **_CONVERSION_TYPES})

    def category_conversion(self) -> pl.DataFrame:
        """One row per day and category of seen items."""
        self._attribute()
        rows = []
        for on, day in sorted(self._days.items()):
            totals: defaultdict[str, _Views] = defaultdict(_Views)
            for views in day.views.values():
                total = totals[views.category]
                total.impressions += views.impressions
                total.clicks += views.clicks
                total.converted |= views.converted
                total.orders += views.orders
                total.revenue += views.revenue
            rows += [
                {
                    "date": on,
                    "category": category,
                    "impressions": total.impressions,
                    "clicks": total.clicks,
                    **total.figures(),
                }
                for category, total in sorted(totals.items())
            ]
        return frame(rows, f"date category impressions clicks {_CONVERSION}", _CONVERSION_TYPES)

    def click_heatmap(self) -> pl.DataFrame:
        """One row per hour and category of seen items, each item in the category that it had last on the day."""
        cells: defaultdict[tuple[date, int, str], Counter[str]] = defaultdict(Counter)
        for on, day in self._days.items():
            for views in day.views.values():
                for hour, counts in views.hours.items():
                    cells[on, hour, views.category].update(counts)
        rows = [
            {"date": on, "hour": hour, "category": category, "impressions": n["impressions"], "clicks": n["clicks"]}
            for (on, hour, category), n in sorted(cells.items())
        ]
        return frame(rows, "date hour category impressions clicks", {})

    def _attribute(self) -> None:
        """Give each order to the last click of its user in the window, on the click's day and item."""
        for views in (views for day in self._days.values() for views in day.views.values()):
            views.converted, views.orders, views.revenue = set(), 0, Decimal(0)
        clicks = {user: sorted(of_user) for user, of_user in self._clicks.items()}
        for order in self._placed:
            before = clicks.get(order.user_id, [])
            place = bisect_right(before, order.event_timestamp, key=lambda click: click[0])
            if not place or order.event_timestamp - before[place - 1][0] > self._window:
                continue
            at, event_id, item_id = before[place - 1]
            views = self._days[at.astimezone(UTC).date()].views[item_id]
            views.converted.add(f"{event_id} {at.isoformat()}")
            views.orders += 1
            views.revenue += order.price


_CONVERSION = "converted_clicks attributed_orders attributed_revenue click_to_order_rate"
_CONVERSION_TYPES = {"attributed_revenue": MONEY, "click_to_order_rate": RATE}


def _by_revenue(sales: dict[str, _Sales]) -> list[tuple[str, _Sales]]:
    return sorted(sales.items(), key=lambda entry: (-entry[1].revenue, entry[0]))


def _hour(event: Event) -> int:
    return event.event_timestamp.astimezone(UTC).hour
