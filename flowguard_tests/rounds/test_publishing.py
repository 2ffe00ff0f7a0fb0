"""What is published is the table's changes: each once, in committed transactions, by whichever process."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from flowguard.rounds.backfill import rebuild
from flowguard.rounds.publishing import Outlet
from flowguard.settings import Settings
from flowguard_tests.conftest import Produce
from flowguard_tests.rounds.flow import opened, order, rolled
from flowguard_tests.rounds.published import assert_published_once, published


@pytest.fixture
def quick(settings: Settings) -> Settings:
    return settings.model_copy(update={"quiet_time": timedelta(milliseconds=200)})


def clicked(number: int, item: str, second: int = 0) -> bytes:
    """A click of the same user as order ``number``, so many seconds before it."""
    at = f"2026-11-{1 + number % 9:02d}T11:59:{59 - second:02d}Z"
    return order(number, event_type="click", event_id=f"c{number}-{item}", item_id=item, event_timestamp=at)


def test_changes_are_published_once_and_late_clicks_again(quick: Settings, produce: Produce) -> None:
    with opened(quick) as warehouse:
        produce(quick.orders_topic, map(order, range(20)))
        rolled(quick, warehouse)
        assert len(published(quick)) == 20
        produce(quick.clicks_topic, [clicked(3, "i3", 30)])
        rolled(quick, warehouse)
        produce(quick.clicks_topic, [clicked(3, "i4", 10), clicked(3, "i1", 40)])
        produce(quick.orders_topic, [order(90, event_type="order_refunded", order_id="o3"), order(3)])
        rolled(quick, warehouse)
        assert_published_once(quick, warehouse)
        told = [row for row in published(quick) if row["order_id"] == "o3"]
        assert [
            (row["revision"], row["clicked_item_id"], row["same_item"], row["seconds_to_order"]) for row in told
        ] == [
            (1, None, None, None),
            (2, "i3", True, 34),
            (3, "i4", False, 14),
        ]


def test_a_rebuild_publishes_nothing(quick: Settings, produce: Produce) -> None:
    with opened(quick) as warehouse:
        produce(quick.orders_topic, map(order, range(20)))
        rolled(quick, warehouse)
        before = published(quick)
        days = sorted(warehouse.query("SELECT order_date FROM silver.orders_cleaned").to_series())
        rebuild(warehouse, quick, ["bronze.orders_raw", "silver.attributed_orders"], days[0], days[-1], run_id="again")
        with closing(Outlet(quick, warehouse)) as outlet:
            assert outlet.publish() == 0
        assert published(quick) == before


def test_what_kafka_has_is_not_published_again_though_the_home_does_not_know(quick: Settings, produce: Produce) -> None:
    """As after a kill between Kafka's commit and the home's copy; and the other way round, when Kafka forgot."""
    with opened(quick) as warehouse:
        produce(quick.orders_topic, map(order, range(5)))
        rolled(quick, warehouse)
        with warehouse.session() as session, session.transaction():
            session.execute("UPDATE ops.publisher SET sequence = 0")
        with closing(Outlet(quick, warehouse)) as outlet:
            assert outlet.publish() == 0
            outlet.finish()
        with warehouse.session() as session, session.transaction():
            session.execute("UPDATE ops.publisher SET producer_id = 'another-' || producer_id")
        produce(quick.orders_topic, map(order, range(5, 8)))
        rolled(quick, warehouse)
        assert_published_once(quick, warehouse)


def test_another_home_publishes_for_itself(quick: Settings, produce: Produce, tmp_path: Path) -> None:
    other = quick.model_copy(update={"home": tmp_path / "other"})
    produce(quick.orders_topic, map(order, range(5)))
    for settings in (quick, other):
        with opened(settings) as warehouse:
            rolled(settings, warehouse)
    assert len(published(quick)) == 10
