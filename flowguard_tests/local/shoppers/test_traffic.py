from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from flowguard.events.model import OrderPlaced, OrderRefunded
from flowguard.local.shoppers import Plan, Route, history, live

END = datetime(2024, 3, 3, 15, 20, tzinfo=UTC)
PLAN = Plan(seed=5, events=4_000, days=4, end=END)


def test_a_plan_gives_the_same_bytes_again_and_another_seed_others() -> None:
    first = [delivery.payload for delivery in history(PLAN)]
    assert first == [delivery.payload for delivery in history(PLAN)]
    others = {delivery.payload for delivery in history(replace(PLAN, seed=6))}
    assert others.isdisjoint(first)


def test_ids_differ_between_runs_that_end_at_other_times() -> None:
    ids = {delivery.event.event_id for delivery in history(PLAN)}
    later = {delivery.event.event_id for delivery in history(replace(PLAN, end=END + timedelta(seconds=1)))}
    assert ids.isdisjoint(later)


@pytest.mark.parametrize("days", [1, 4])
@pytest.mark.parametrize("events", [0, 1, 37, 2_000])
@pytest.mark.parametrize("end", [END, END.replace(hour=0, minute=0), END.replace(hour=0, minute=0, second=1)])
def test_exactly_as_many_as_asked_within_the_days(events: int, end: datetime, days: int) -> None:
    plan = replace(PLAN, events=events, end=end, days=days)
    deliveries = list(history(plan))
    assert len(deliveries) == events
    for delivery in deliveries:
        assert plan.start <= delivery.event.event_timestamp <= end


def test_every_day_has_its_share_and_noon_more_than_night() -> None:
    times = [delivery.event.event_timestamp for delivery in history(PLAN)]
    assert len({time.date() for time in times}) == PLAN.days
    hours = Counter(time.hour for time in times)
    assert hours[12] > 5 * hours[3]


def test_latecomers_are_the_last_and_the_shares_are_kept() -> None:
    deliveries = list(history(replace(PLAN, events=20_000, bad=0.1, repeated=0.05, late=0.02)))
    routes = [delivery.route for delivery in deliveries]
    first_late = routes.index(Route.LATE)
    assert set(routes[first_late:]) == {Route.LATE}
    share = {kind: n / len(routes) for kind, n in Counter(d.outcome.kind for d in deliveries).items()}
    assert share["refused"] == pytest.approx(0.1 / 1.15, rel=0.15)
    assert share["duplicate"] == pytest.approx(0.05 / 1.15, rel=0.15)
    assert routes.count(Route.LATE) / len(routes) == pytest.approx(0.02 / 1.15, rel=0.25)


def test_a_refund_names_an_order_placed_before() -> None:
    placed, refunds = {}, []
    for delivery in history(replace(PLAN, events=20_000)):
        if isinstance(delivery.event, OrderPlaced):
            placed[delivery.event.order_id] = delivery.event.event_timestamp
        elif isinstance(delivery.event, OrderRefunded):
            refunds.append(delivery.event)
    assert refunds
    assert all(refund.event_timestamp >= placed[refund.order_id] for refund in refunds)


def test_live_traffic_keeps_the_rate_and_the_order_of_time() -> None:
    deliveries = list(islice(live(PLAN, rate=20.0), 12_000))
    times = [delivery.event.event_timestamp for delivery in deliveries]
    assert times == sorted(times)
    settled = [time for time in times if time > END]
    assert len(settled) / (settled[-1] - END).total_seconds() == pytest.approx(20, rel=0.25)
    assert Route.LATE not in {delivery.route for delivery in deliveries}
