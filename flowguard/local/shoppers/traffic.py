"""The stream of what is sent: the good, with repeats, latecomers and faults among it."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import count
from random import Random
from typing import NamedTuple

import msgspec

from flowguard.events.model import Event, OrderPlaced, OrderRefunded
from flowguard.local.shoppers.faults import faults_for
from flowguard.local.shoppers.hours import arrivals, shares
from flowguard.local.shoppers.visits import VISITS_PER_USER, Visits

EVENTS_PER_VISIT = 8
LIVE_USERS = 400
WARM_UP = timedelta(minutes=4)
"""Live traffic begins so long ago, so that visits are at every stage from the first second."""


class Route(Enum):
    """How a record travels."""

    GATEWAY = "gateway"
    KAFKA = "kafka"
    LATE = "late"
    """Straight into Kafka, after everything else."""


class Outcome(NamedTuple):
    """What FlowGuard has to make of a record: ``kept``, ``duplicate``, or ``refused`` at a stage by a rule."""

    kind: str
    stage: str | None = None
    rule: str | None = None


KEPT, DUPLICATE = Outcome("kept"), Outcome("duplicate")


class Delivery(NamedTuple):
    """One record that is sent; ``is_order`` tells its topic, ``event`` is what it says where it is readable."""

    route: Route
    is_order: bool
    key: str
    payload: bytes
    event: Event
    outcome: Outcome


@dataclass(frozen=True)
class Plan:
    """What to simulate. Shares are parts of the good events; ``end`` is an instant with a zone, the past's end."""

    seed: int
    events: int
    days: int
    end: datetime
    currency: str = "USD"
    bad: float = 0.02
    repeated: float = 0.015
    late: float = 0.01

    @property
    def start(self) -> datetime:
        """Midnight UTC with which the first day begins; the last day is the one that ``end`` closes or cuts."""
        last = self.end.astimezone(UTC) - timedelta(microseconds=1)
        return last.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=self.days - 1)


def history(plan: Plan) -> Iterator[Delivery]:
    """Exactly ``plan.events`` records over the days of the plan, in order of time but for the late ones, at last.

    The same plan gives the same bytes. Memory holds one day and the latecomers.
    """
    random = Random(plan.seed)
    end = plan.end.astimezone(UTC)
    users = max(plan.events // EVENTS_PER_VISIT // VISITS_PER_USER, 20)
    visits = Visits(random, f"{plan.seed} {end.isoformat()}", users, plan.currency, end)
    late: list[Delivery] = []
    for day, quota in shares(plan.events, plan.start, end):
        if not quota:
            continue
        deliveries: list[Delivery] = []
        starts = arrivals(random, day, plan.start, end)
        while len(deliveries) < quota:
            for event in visits.visit(next(starts)):
                deliveries += _deliveries_of(event, plan, random, visits.new_id)
        deliveries = sorted(deliveries[:quota], key=lambda delivery: delivery.event.event_timestamp)
        late += [delivery for delivery in deliveries if delivery.route is Route.LATE]
        yield from (delivery for delivery in deliveries if delivery.route is not Route.LATE)
    yield from late


def live(plan: Plan, rate: float) -> Iterator[Delivery]:
    """Endless traffic of about ``rate`` events a second from a few minutes before ``plan.end``, in order of time.

    The caller waits until each event's time has come.
    """
    random = Random(plan.seed)
    time = plan.end.astimezone(UTC) - WARM_UP
    visits = Visits(random, f"live {plan.seed} {time.isoformat()}", LIVE_USERS, plan.currency)
    pending: list[tuple[datetime, int, Event]] = []
    order = count()
    while True:
        for event in visits.visit(time):
            heapq.heappush(pending, (event.event_timestamp, next(order), event))
        time += timedelta(seconds=random.expovariate(rate / EVENTS_PER_VISIT))
        while pending and pending[0][0] < time:
            for delivery in _deliveries_of(heapq.heappop(pending)[2], plan, random, visits.new_id):
                yield delivery._replace(route=Route.KAFKA) if delivery.route is Route.LATE else delivery


def _deliveries_of(event: Event, plan: Plan, random: Random, new_id: Callable[[], str]) -> Iterator[Delivery]:
    """The record of an event, and perhaps a repeat of it or a spoilt one."""
    good = _delivery(Route.GATEWAY, event, msgspec.json.encode(event), KEPT)
    yield good._replace(route=Route.LATE) if random.random() < plan.late else good
    if random.random() < plan.repeated:
        yield _repeat(good, random, new_id)
    if random.random() < plan.bad:
        yield _spoilt(event, random, new_id)


def _repeat(good: Delivery, random: Random, new_id: Callable[[], str]) -> Delivery:
    """The same bytes again; or an order, or a refund, once more under another event_id."""
    event, payload = good.event, good.payload
    if isinstance(event, OrderPlaced | OrderRefunded) and random.random() < 0.5:
        event = msgspec.structs.replace(event, event_id=new_id())
        payload = msgspec.json.encode(event)
    return _delivery(Route.KAFKA, event, payload, DUPLICATE)


def _spoilt(event: Event, random: Random, new_id: Callable[[], str]) -> Delivery:
    at_gateway = random.random() < 0.5
    fault = random.choice(faults_for(event, at_gateway=at_gateway))
    stage = "gateway" if at_gateway else "silver" if fault.business else "bronze"
    payload = fault.bytes_of(msgspec.structs.replace(event, event_id=new_id()))
    route = Route.GATEWAY if at_gateway else Route.KAFKA
    return _delivery(route, event, payload, Outcome("refused", stage, fault.rule))


def _delivery(route: Route, event: Event, payload: bytes, outcome: Outcome) -> Delivery:
    return Delivery(route, isinstance(event, OrderPlaced | OrderRefunded), event.user_id, payload, event, outcome)
