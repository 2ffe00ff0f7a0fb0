"""What a report asks the tables."""

from collections.abc import Iterator
from datetime import date, datetime

from flowguard.checks.registry import CHECKS
from flowguard.gold.tables import DAILY_REPORT
from flowguard.report.converters import converter
from flowguard.report.figures import (
    DAY,
    WEEK,
    Arrival,
    Converter,
    Failing,
    Figures,
    LedgerLine,
    Refused,
    Seller,
    Totals,
)
from flowguard.warehouse import Session, Warehouse

TREND_DAYS = 28
MOST_SELLERS = 8

_FIRST_DAY = """
SELECT MIN(date) FROM (
    SELECT MIN(date) AS date FROM gold.daily_order_metrics UNION ALL SELECT MIN(date) FROM gold.category_conversion
) AS first_days
"""
_TOTALS = """
SELECT
    COALESCE(sold.date, seen.date) AS date, COALESCE(total_orders, 0), COALESCE(total_revenue, 0),
    COALESCE(unique_users, 0), COALESCE(refunded_orders, 0), COALESCE(refunded_revenue, 0),
    COALESCE(impressions, 0), COALESCE(clicks, 0), COALESCE(converted_clicks, 0)
FROM (SELECT * FROM gold.daily_order_metrics WHERE date >= {first} AND date <= {day}) AS sold
FULL JOIN (
    SELECT
        date, CAST(SUM(impressions) AS BIGINT) AS impressions, CAST(SUM(clicks) AS BIGINT) AS clicks,
        CAST(SUM(converted_clicks) AS BIGINT) AS converted_clicks
    FROM gold.category_conversion
    WHERE date >= {first} AND date <= {day}
    GROUP BY date
) AS seen ON seen.date = sold.date
"""
_HOURS = """
SELECT date, hour, total_orders FROM gold.hourly_order_metrics WHERE date IN ({day}, {week_ago})
"""
_SELLERS = """
SELECT item_name, category, total_orders, revenue FROM gold.food_performance
WHERE date = {day} ORDER BY revenue_rank LIMIT {most}
"""
_DISHES = "SELECT item_name, clicks, converted_clicks FROM gold.funnel_metrics WHERE date = {day} AND clicks > 0"
_CATEGORIES = """
SELECT category, clicks, converted_clicks FROM gold.category_conversion
WHERE date = {day} AND clicks > 0 ORDER BY click_to_order_rate DESC, category
"""
_QUARANTINE = """
SELECT stage, rule, status, COUNT(*) AS records FROM ops.quarantine
WHERE _arrival_date = {day} GROUP BY ALL ORDER BY records DESC, stage, rule, status
"""
_LEDGER = """
SELECT
    topic, offsets, bronze_rows, quarantined, skipped, lost, silver_rows, duplicates, rejected, balanced
FROM gold.flow_ledger WHERE arrival_date = {day} ORDER BY topic
"""
_ARRIVALS = """
SELECT arrived.date, arrived.events, COALESCE(ledger.balanced, FALSE)
FROM (
    SELECT date, COUNT(*) AS events
    FROM (
        SELECT _arrival_date AS date FROM silver.orders_cleaned WHERE order_date = {day}
        UNION ALL
        SELECT _arrival_date FROM silver.clicks_cleaned WHERE event_date = {day}
    ) AS events
    GROUP BY date
) AS arrived
LEFT JOIN (
    SELECT arrival_date, BOOL_AND(balanced) AS balanced FROM gold.flow_ledger GROUP BY arrival_date
) AS ledger ON ledger.arrival_date = arrived.date
ORDER BY arrived.date
"""
_UNSETTLED = "SELECT COUNT(*) FROM ops.dirty_days WHERE day = {day}"


def ask(warehouse: Warehouse, day: date, currency: str, made_at: datetime) -> Figures:
    """The figures of a UTC day, all from one snapshot. ``made_at`` is naive UTC."""
    with warehouse.session() as session, session.snapshot():
        return Figures(
            day=day,
            currency=currency,
            made_at=made_at,
            first_day=session.query(_FIRST_DAY).item(),
            days=_days(session, day),
            hours=_hours(session, day),
            sellers=[Seller(*row) for row in _rows(session, _SELLERS, day, most=MOST_SELLERS)],
            dishes=_converters(session, _DISHES, day),
            categories=_converters(session, _CATEGORIES, day),
            quarantine=[Refused(*row) for row in _rows(session, _QUARANTINE, day)],
            ledger=[LedgerLine(*row) for row in _rows(session, _LEDGER, day)],
            arrivals=[Arrival(*row) for row in _rows(session, _ARRIVALS, day)],
            failing=list(_failing(session, day)),
            is_settled=next(_rows(session, _UNSETTLED, day))[0] == 0,
        )


def _rows(session: Session, sql: str, day: date, **others: object) -> Iterator[tuple]:  # type: ignore[type-arg]
    return session.query(sql.format(day=_literal(day), **others)).iter_rows()


def _literal(day: date) -> str:
    return f"CAST('{day}' AS DATE)"


def _days(session: Session, day: date) -> dict[date, Totals]:
    first = _literal(day - (TREND_DAYS - 1) * DAY)
    return {row[0]: Totals(*row) for row in _rows(session, _TOTALS, day, first=first)}


def _hours(session: Session, day: date) -> tuple[list[int], list[int]]:
    """Orders by hour: of the day, and of the same weekday a week ago."""
    counted = {day: [0] * 24, day - WEEK: [0] * 24}
    for of_day, hour, orders in _rows(session, _HOURS, day, week_ago=_literal(day - WEEK)):
        counted[of_day][hour] = orders
    return counted[day], counted[day - WEEK]


def _converters(session: Session, sql: str, day: date) -> list[Converter]:
    return [converter(*row) for row in _rows(session, sql, day)]


def _failing(session: Session, day: date) -> Iterator[Failing]:
    """The checks that fail on the day, evaluated now: errors first."""
    for check in sorted((c for c in CHECKS if c.table != DAILY_REPORT.full_name), key=lambda check: not check.error):
        rows = session.query(check.counted([day]))
        if rows.height:
            yield Failing(check.table, check.name, check.description, int(rows["failing_rows"][0]), check.error)
