"""A second, deliberately simple computation of what the simulator expects, from the bytes alone."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from flowguard.local.shoppers import Delivery

Row = dict[str, Any]
KEYS = {
    "daily_order_metrics": ["date"],
    "hourly_order_metrics": ["date", "hour"],
    "food_performance": ["date", "item_id"],
    "funnel_metrics": ["date", "item_id"],
    "click_heatmap": ["date", "hour", "category"],
    "user_sessions": ["date", "user_id", "session_id"],
    "user_engagement": ["date"],
    "user_cohorts": ["cohort_week", "weeks_since"],
}
ALLOWED = {True: ("order_placed", "order_refunded"), False: ("impression", "click")}


def fault(delivery: Delivery, now: datetime, *, any_topic: bool) -> str | None:
    """The rule that the bytes break, found with nothing but ``json`` and string handling."""
    try:
        event = json.loads(delivery.payload.decode())
    except ValueError:
        return "unreadable"
    kinds = (*ALLOWED[True], *ALLOWED[False]) if any_topic else ALLOWED[delivery.is_order]
    if event.get("event_type") not in kinds:
        return "event_type"
    needed = ["event_id", "user_id", "item_id", "event_timestamp"]
    is_order = event["event_type"] in ALLOWED[True]
    needed += ["order_id", "price"] if is_order else []
    if any(event.get(name) is None for name in needed):
        return "missing_field"
    texts = [event[name] for name in (*needed, "item_name") if name != "price"]
    if not all(isinstance(text, str) for text in texts):
        return "wrong_type"
    if "" in texts:
        return "empty_value"
    if any(len(text) > 1024 for text in texts):
        return "too_long"
    if any("\0" in text for text in texts):
        return "control_character"
    if event["schema_version"] != 1:
        return "schema_version"
    return _time_fault(event["event_timestamp"], now) or (_order_fault(event) if is_order else None)


def _time_fault(text: str, now: datetime) -> str | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return "invalid_time"
    if time.tzinfo is None:
        return "time_without_zone"
    return "future" if time > now else "before_start" if time.year < 2000 else None


def _order_fault(event: Row) -> str | None:
    cents = Fraction(event["price"]) * 100
    if cents <= 0 or cents.denominator != 1:
        return "price"
    return "currency" if event["currency"] not in (None, "USD") else None


def survivors(deliveries: Iterable[Delivery], now: datetime) -> Iterator[Row]:
    """The events that pass the rules and repeat no earlier one."""
    events, orders, refunds = set(), set(), set()
    for delivery in deliveries:
        if fault(delivery, now, any_topic=delivery.route.name == "GATEWAY"):
            continue
        event = json.loads(delivery.payload)
        same = event["event_id"], event["event_timestamp"]
        registry = {"order_placed": orders, "order_refunded": refunds}.get(event["event_type"])
        if same in events or (registry is not None and event["order_id"] in registry):
            continue
        events.add(same)
        if registry is not None:
            registry.add(event["order_id"])
        yield event


def gold(events: list[Row]) -> dict[str, list[Row]]:
    """The tables but category_conversion, one comprehension per figure."""
    placed = [event for event in events if event["event_type"] == "order_placed"]
    refunded = {event["order_id"] for event in events if event["event_type"] == "order_refunded"}
    views = [event for event in events if event["event_type"] in ALLOWED[False]]
    return {
        "daily_order_metrics": [_day(day, orders, refunded) for day, orders in _by(placed, _date)],
        "food_performance": [row for day, orders in _by(placed, _date) for row in _performance(day, orders)],
        "hourly_order_metrics": [_hour(*hour, orders) for hour, orders in _by(placed, _date_and_hour)],
        "click_heatmap": [_heat(*cell, seen) for cell, seen in _by(views, _date_hour_and_category(views))],
        "user_sessions": [_session(*key, did) for key, did in _by([*placed, *views], _date_user_and_session)],
        "user_engagement": [_engaged(day, did, [*placed, *views]) for day, did in _by([*placed, *views], _date)],
        "user_cohorts": _cohorts(placed),
        "funnel_metrics": [
            _funnel(day, item, seen, _led_to(placed, views, seen)) for (day, item), seen in _by(views, _date_and_item)
        ],
    }


def _led_to(placed: list[Row], views: list[Row], seen: list[Row]) -> list[tuple[str, Row]]:
    """The orders whose last click in the half hour before is among the seen, each with that click's id."""
    ids = {event["event_id"] for event in seen if event["event_type"] == "click"}
    found = []
    for order in placed:
        clicks = [
            click
            for click in views
            if click["event_type"] == "click"
            and click["user_id"] == order["user_id"]
            and 0 <= (_time(order) - _time(click)).total_seconds() <= 1800
        ]
        if clicks and (last := _latest(clicks))["event_id"] in ids:
            found.append((last["event_id"], order))
    return found


def _time(event: Row) -> datetime:
    return datetime.fromisoformat(event["event_timestamp"])


def _day(day: object, orders: list[Row], refunded: set[str]) -> Row:
    returned = [order for order in orders if order["order_id"] in refunded]
    return {
        "date": day,
        "total_orders": len(orders),
        "total_revenue": _revenue(orders),
        "unique_users": len({order["user_id"] for order in orders}),
        "avg_order_value": _half_up(Fraction(_revenue(orders)) / len(orders), 2),
        "refunded_orders": len(returned),
        "refunded_revenue": _revenue(returned),
        "net_revenue": _revenue(orders) - _revenue(returned),
    }


def _hour(day: object, hour: int, orders: list[Row]) -> Row:
    return {
        "date": day,
        "hour": hour,
        "total_orders": len(orders),
        "total_revenue": _revenue(orders),
        "unique_users": len({order["user_id"] for order in orders}),
    }


def _heat(day: object, hour: int, category: str, seen: list[Row]) -> Row:
    kinds = Counter(event["event_type"] for event in seen)
    counts = {"impressions": kinds["impression"], "clicks": kinds["click"]}
    return {"date": day, "hour": hour, "category": category, **counts}


def _session(day: object, user: str, session: str, did: list[Row]) -> Row:
    kinds = Counter(event["event_type"] for event in did)
    return {
        "date": day,
        "user_id": user,
        "session_id": session,
        "impressions": kinds["impression"],
        "clicks": kinds["click"],
        "orders": kinds["order_placed"],
        "revenue": _revenue([event for event in did if event["event_type"] == "order_placed"]),
    }


def _engaged(day: Any, did: list[Row], everything: list[Row]) -> Row:
    kinds = Counter(event["event_type"] for event in did)
    users = {event["user_id"] for event in did}
    known = {event["user_id"] for event in everything if _date(event) < day}
    sessions = {event["session_id"] for event in did} - {None}
    return {
        "date": day,
        "active_users": len(users),
        "new_users": len(users - known),
        "sessions": len(sessions),
        "impressions": kinds["impression"],
        "clicks": kinds["click"],
        "orders": kinds["order_placed"],
        "clicks_per_session": _half_up(Fraction(kinds["click"], len(sessions)), 4) if sessions else None,
        "orders_per_user": _half_up(Fraction(kinds["order_placed"], len(users)), 4),
    }


def _cohorts(placed: list[Row]) -> list[Row]:
    cohort = {user: min(map(_monday, orders)) for user, orders in _by(placed, lambda order: order["user_id"])}
    return [
        {
            "cohort_week": start,
            "weeks_since": (week - start).days // 7,
            "cohort_users": (size := list(cohort.values()).count(start)),
            "active_users": (active := len({order["user_id"] for order in orders})),
            "retention": _half_up(Fraction(100 * active, size), 4),
            "orders": len(orders),
            "revenue": _revenue(orders),
        }
        for (start, week), orders in _by(placed, lambda order: (cohort[order["user_id"]], _monday(order)))
    ]


def _monday(order: Row) -> Any:
    day = _date(order)
    return day - timedelta(days=day.isoweekday() - 1)


def _performance(day: object, orders: list[Row]) -> list[Row]:
    items = _by(orders, lambda order: order["item_id"])
    ranking = sorted((-_revenue(sold), item) for item, sold in items)
    return [
        {
            "date": day,
            "item_id": item,
            "item_name": _latest(sold)["item_name"],
            "category": _latest(sold)["category"],
            "total_orders": len(sold),
            "revenue": _revenue(sold),
            "avg_price": _half_up(Fraction(_revenue(sold)) / len(sold), 2),
            "revenue_rank": ranking.index((-_revenue(sold), item)) + 1,
        }
        for item, sold in items
    ]


def _funnel(day: object, item: str, seen: list[Row], led_to: list[tuple[str, Row]]) -> Row:
    kinds = Counter(event["event_type"] for event in seen)
    shown, clicked = kinds["impression"], kinds["click"]
    converted = len({click for click, _ in led_to})
    return {
        "date": day,
        "item_id": item,
        "item_name": _latest(seen)["item_name"],
        "category": _latest(seen)["category"],
        "impressions": shown,
        "clicks": clicked,
        "ctr": _half_up(Fraction(100 * clicked, shown), 4) if shown else None,
        "converted_clicks": converted,
        "attributed_orders": len(led_to),
        "attributed_revenue": _revenue([order for _, order in led_to]),
        "click_to_order_rate": _half_up(Fraction(100 * converted, clicked), 4) if clicked else None,
    }


def _by(events: list[Row], key: Any) -> list[tuple[Any, list[Row]]]:
    groups = defaultdict(list)
    for event in events:
        groups[key(event)].append(event)
    return sorted(groups.items(), key=lambda group: _without_none(group[0]))


def _without_none(key: Any) -> Any:
    """None sorts first."""
    return [(part is not None, part) for part in key] if isinstance(key, tuple) else key


def _date(event: Row) -> Any:
    return datetime.fromisoformat(event["event_timestamp"]).astimezone(UTC).date()


def _date_and_hour(event: Row) -> object:
    return _date(event), _time(event).astimezone(UTC).hour


def _date_hour_and_category(views: list[Row]) -> Any:
    category = {place: _latest(seen)["category"] or "uncategorised" for place, seen in _by(views, _date_and_item)}
    return lambda event: (*_date_and_hour(event), category[_date_and_item(event)])  # type: ignore[misc]


def _date_user_and_session(event: Row) -> object:
    return _date(event), event["user_id"], event["session_id"]


def _date_and_item(event: Row) -> object:
    return _date(event), event["item_id"]


def _latest(events: list[Row]) -> Row:
    return max(events, key=lambda event: (datetime.fromisoformat(event["event_timestamp"]), event["event_id"]))


def _revenue(orders: list[Row]) -> Decimal:
    return sum((Decimal(order["price"]) for order in orders), Decimal(0))


def _half_up(value: Fraction, decimals: int) -> Decimal:
    scaled = int(value * 10**decimals + Fraction(1, 2))
    return (Decimal(scaled) / 10**decimals).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
