"""The account is held against a second computation that sees only the bytes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from flowguard.events.model import Click, Impression, OrderPlaced
from flowguard.local.shoppers import Account, Delivery, Outcome, Plan, Route, history
from flowguard_tests.local.shoppers import naive

END = datetime(2024, 3, 3, 15, 20, tzinfo=UTC)
PLAN = Plan(seed=11, events=6_000, days=3, end=END, bad=0.2, repeated=0.1, late=0.05)


@pytest.fixture(scope="module")
def deliveries() -> list[Delivery]:
    return list(history(PLAN))


@pytest.fixture(scope="module")
def account(deliveries: list[Delivery]) -> Account:
    account = Account()
    for delivery in deliveries:
        account.add(delivery)
    return account


@pytest.fixture(scope="module")
def expected(deliveries: list[Delivery]) -> dict[str, list[naive.Row]]:
    return naive.gold(list(naive.survivors(deliveries, END)))


@pytest.mark.parametrize("table", [name for name in Account().tables() if name != "category_conversion"])
def test_equals_a_naive_computation(table: str, account: Account, expected: dict[str, list[naive.Row]]) -> None:
    assert account.tables()[table].sort(*naive.KEYS[table]).rows(named=True) == expected[table]
    assert expected[table]


def test_each_record_breaks_the_rule_that_it_claims(deliveries: list[Delivery]) -> None:
    for delivery in deliveries:
        found = naive.fault(delivery, END, any_topic=delivery.route is Route.GATEWAY)
        assert found == delivery.outcome.rule, delivery
    assert len({delivery.outcome for delivery in deliveries}) > 20


def test_everything_sent_is_kept_repeated_or_refused(account: Account, deliveries: list[Delivery]) -> None:
    kept = len(list(naive.survivors(deliveries, END)))
    assert kept + account.duplicates.total() + account.refused.total() == account.sent == PLAN.events


def view(kind: type, event_id: str, name: str, second: int = 0) -> Delivery:
    event = kind(
        event_id=event_id,
        user_id="u",
        item_id="i",
        item_name=name,
        event_timestamp=END + timedelta(seconds=second),
    )
    return Delivery(Route.KAFKA, False, "u", b"", event, Outcome("kept"))


def test_rates_are_rounded_half_away_from_zero_and_the_latest_name_wins() -> None:
    account = Account()
    for n in range(32):
        account.add(view(Impression, f"i{n:02}", "old", n))
    account.add(view(Click, "c", "new", 31))
    row = account.funnel_metrics().row(0, named=True)
    assert (row["ctr"], row["item_name"], row["category"]) == (Decimal("3.1250"), "old", "uncategorised")


def test_a_click_that_was_never_shown_has_no_rate() -> None:
    account = Account()
    account.add(view(Click, "c", "name"))
    assert account.funnel_metrics()["ctr"].to_list() == [None]


def test_equal_revenue_is_ranked_by_item() -> None:
    account = Account()
    for item in ("b", "a", "c"):
        order = OrderPlaced(
            event_id=item, order_id=item, user_id="u", item_id=item, price=Decimal(5), event_timestamp=END
        )
        account.add(Delivery(Route.KAFKA, True, "u", b"", order, Outcome("kept")))
    ranks = account.food_performance().select("item_id", "revenue_rank").rows()
    assert ranks == [("a", 1), ("b", 2), ("c", 3)]


def test_an_empty_account_has_typed_empty_tables() -> None:
    for name, frame in Account().tables().items():
        assert frame.is_empty(), name
        assert frame.schema["cohort_week" if name == "user_cohorts" else "date"] == pl.Date
