"""From events to a report: the figures are those that a person counts by hand."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from flowguard.errors import InvalidInput
from flowguard.report.daily import compose, publish
from flowguard.report.figures import Refused
from flowguard.rounds import gold
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse
from flowguard_tests.conftest import Produce
from flowguard_tests.rounds.flow import opened, order, rolled

DAY = date(2026, 11, 10)
TODAY = datetime.now(UTC).date


@pytest.fixture
def quick(settings: Settings) -> Settings:
    return settings.model_copy(update={"quiet_time": timedelta(milliseconds=200)})


@pytest.fixture
def warehouse(quick: Settings, produce: Produce) -> Iterator[Warehouse]:
    """Three orders, of which one is refunded a day later, by two people; three clicks, of which one led to two orders;
    two orders the day before, one a week before, and records that cannot be used."""
    at = f"{DAY}T"
    placed = [
        order(1, event_timestamp=f"{at}00:00:00Z", price="10.00", user_id="ann", item_id="ramen", category="noodles"),
        order(2, event_timestamp=f"{at}12:10:00Z", price="0.50", user_id="ann", item_id="mochi", category="sweets"),
        order(3, event_timestamp=f"{at}23:59:59Z", price="20.00", user_id="bob", item_id="ramen", category="noodles"),
        order(4, event_timestamp="2026-11-09T12:00:00Z", price="10.00"),
        order(5, event_timestamp="2026-11-09T13:00:00Z", price="10.00"),
        order(6, event_timestamp="2026-11-03T12:00:00Z", price="61.00"),
        order(7, event_timestamp="2026-11-11T00:00:00Z", price="99.00"),
    ]
    refund = order(8, event_type="order_refunded", order_id="o3", event_timestamp="2026-11-11T10:00:00Z")
    produce(quick.orders_topic, [*placed, placed[0], refund, b"junk", order(9, price="-1"), order(10, price="-1")])
    produce(
        quick.clicks_topic, [_click(1, "ann", "12:00:00"), _click(2, "ann", "12:05:00"), _click(3, "cleo", "12:05:00")]
    )
    with opened(quick) as warehouse:
        rolled(quick, warehouse)
        gold.refresh(warehouse, quick)
        yield warehouse


def _click(number: int, user: str, time: str, **changes: Any) -> bytes:
    at = f"{DAY}T{time}Z"
    return order(number, event_type="click", user_id=user, item_id="ramen", category="noodles", event_timestamp=at)


def test_figures(warehouse: Warehouse, quick: Settings) -> None:
    figures = compose(warehouse, quick, DAY).figures
    totals = figures.totals
    assert totals is not None
    assert (totals.orders, totals.people, totals.refunds) == (3, 2, 1)
    assert (totals.gross_revenue, totals.refunded_revenue, totals.net_revenue) == (
        Decimal("30.50"),
        Decimal("20.00"),
        Decimal("10.50"),
    )
    assert totals.average_order == Decimal("10.17")
    assert (totals.clicks, totals.converted_clicks, totals.conversion) == (3, 1, Decimal("33.3333"))
    compared = {ago: figures.at(DAY - timedelta(ago)) for ago in (1, 7, 8)}
    assert [day.gross_revenue if day else None for day in compared.values()] == [Decimal(20), Decimal(61), None]
    assert figures.first_day == date(2026, 11, 3)
    assert [day.orders for day in figures.trend] == [1, 0, 0, 0, 0, 0, 2, 3]
    assert {hour: count for hour, count in enumerate(figures.hours[0]) if count} == {0: 1, 12: 1, 23: 1}
    assert {hour: count for hour, count in enumerate(figures.hours[1]) if count} == {12: 1}
    assert [(dish.item, dish.orders, dish.revenue) for dish in figures.sellers] == [
        ("ramen", 2, Decimal("30.00")),
        ("mochi", 1, Decimal("0.50")),
    ]
    assert [(of.name, of.clicks, of.converted_clicks) for of in figures.categories] == [("noodles", 3, 1)]
    assert [(arrival.date, arrival.events, arrival.balanced) for arrival in figures.arrivals] == [(TODAY(), 6, True)]
    assert (figures.ledger, figures.quarantine, figures.is_settled) == ([], [], True)
    assert figures.failing == []


def test_quality_is_that_of_the_day_of_arrival(warehouse: Warehouse, quick: Settings) -> None:
    with warehouse.session() as session, session.transaction():
        session.execute("DELETE FROM silver.orders_cleaned WHERE order_id = 'o7'")
    gold.refresh(warehouse, quick, {"gold.flow_ledger": [TODAY()]})
    with warehouse.session() as session, session.transaction():
        session.execute(f"INSERT INTO ops.dirty_days VALUES ('silver.orders_cleaned', '{TODAY()}', 99)")
    figures = compose(warehouse, quick, TODAY()).figures
    assert figures.totals is None
    assert figures.quarantine == [Refused("silver", "price", "open", 2), Refused("bronze", "unreadable", "open", 1)]
    assert (figures.refused, figures.duplicates) == (3, 1)
    [_, orders] = sorted(figures.ledger, key=lambda line: line.offsets)
    assert (orders.offsets, orders.bronze_rows, orders.balanced) == (12, 11, False)
    assert (orders.missing_in_bronze, orders.missing_in_silver) == (0, 1)
    assert not figures.is_settled
    assert [(check.name, check.error) for check in figures.failing] == [("balanced", True), ("quarantine_share", False)]


def test_it_is_kept_in_files_and_in_a_table_and_can_be_made_again(warehouse: Warehouse, quick: Settings) -> None:
    for _ in range(2):
        report = compose(warehouse, quick, DAY)
        files = publish(warehouse, quick, report)
    assert files.html == quick.home / "reports" / "2026-11-10.html"
    assert (files.html.read_text(), files.markdown.read_text()) == (report.html, report.markdown)
    assert sorted(path.name for path in files.html.parent.iterdir()) == ["2026-11-10.html", "2026-11-10.md"]
    [row] = warehouse.query("SELECT * FROM gold.daily_report").iter_rows(named=True)
    assert row == {
        "date": DAY,
        "headline": report.headline,
        "markdown": report.markdown,
        "html_path": "reports/2026-11-10.html",
        "generated_at": report.figures.made_at,
    }


def test_days_that_cannot_be_reported_on(warehouse: Warehouse, quick: Settings) -> None:
    with pytest.raises(InvalidInput, match=r"is in the future: in UTC it is 2\d{3}-"):
        compose(warehouse, quick, TODAY() + timedelta(2))
    with pytest.raises(
        InvalidInput, match=r"2023-12-31 is before 2024-01-01, the first day .* \(FLOWGUARD_START_DATE\)"
    ):
        compose(warehouse, quick, date(2023, 12, 31))
