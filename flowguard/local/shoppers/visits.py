"""One visit to the shop: what a person sees, clicks, orders, and sometimes sends back."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate, count
from random import Random

from flowguard.events.menu import MENU, Item
from flowguard.events.model import Click, Event, Impression, OrderPlaced, OrderRefunded

CLICK_PER_APPETITE = 0.025
ORDER_CHANCE = 0.35
REFUND_CHANCE = 0.04
REBATE_CHANCE = 0.1
REBATE = Decimal("0.85")
TERSE_CHANCE = 0.03
"""Share of visits by clients that send no optional field but the names."""
MOST_PAGES = 3
VISITS_PER_USER = 6
_NEVER = datetime.max.replace(tzinfo=UTC)

CATEGORIES = {category: [item for item in MENU if item.category == category] for _, _, category, _, _ in MENU}
_PAGES = tuple(CATEGORIES)
_PAGE_WEIGHTS = tuple(accumulate(sum(item.appetite for item in items) for items in CATEGORIES.values()))


class Visits:
    """Makes visits; every id that it gives is its own, also among other seeds and times.

    Args:
        random: the only source of chance.
        name: what sets the ids apart from those of other simulations.
        users: how many people there are; a few of them come often.
        currency: the shop's.
        end: no event is later than this.
    """

    def __init__(self, random: Random, name: str, users: int, currency: str, end: datetime = _NEVER) -> None:
        self._random = random
        self._prefix = hashlib.sha256(name.encode()).hexdigest()[:12]
        self._numbers = count(1)
        self._users = users
        self._currency = currency
        self._end = end

    def new_id(self) -> str:
        """An id that no other event, order or session has."""
        return f"{self._prefix}-{next(self._numbers):x}"

    def visit(self, start: datetime) -> Iterator[Event]:
        """The events of one visit that begins at ``start``; an order's refund comes right behind it, hours later."""
        random, time = self._random, start
        terse = random.random() < TERSE_CHANCE
        user = f"user-{int(self._users * random.random() ** 2) + 1}"
        session = None if terse else self.new_id()
        for _ in range(random.randint(1, MOST_PAGES)):
            page = random.choices(_PAGES, cum_weights=_PAGE_WEIGHTS)[0]
            for position, item in enumerate(CATEGORIES[page]):
                time += timedelta(milliseconds=random.randint(150, 900))
                shown = None if terse else page, None if terse else position
                yield self._view(Impression, item, user, session, time, *shown)
                if random.random() >= CLICK_PER_APPETITE * item.appetite:
                    continue
                time += timedelta(milliseconds=random.randint(1_000, 9_000))
                yield self._view(Click, item, user, session, time, *shown)
                if random.random() < ORDER_CHANCE:
                    time += timedelta(milliseconds=random.randint(5_000, 90_000))
                    yield from self._order(item, user, session, time, None if terse else self._currency)

    def _view(
        self,
        kind: type[Impression] | type[Click],
        item: Item,
        user: str,
        session: str | None,
        time: datetime,
        page: str | None,
        position: int | None,
    ) -> Event:
        return kind(
            event_id=self.new_id(),
            user_id=user,
            session_id=session,
            item_id=item.item_id,
            item_name=item.item_name,
            category=item.category,
            event_timestamp=min(time, self._end),
            page=page,
            position=position,
        )

    def _order(
        self, item: Item, user: str, session: str | None, time: datetime, currency: str | None
    ) -> Iterator[Event]:
        order = OrderPlaced(
            event_id=self.new_id(),
            order_id=self.new_id(),
            user_id=user,
            session_id=session,
            item_id=item.item_id,
            item_name=item.item_name,
            category=item.category,
            price=self._price(item),
            currency=currency,
            event_timestamp=min(time, self._end),
        )
        yield order
        if self._random.random() < REFUND_CHANCE:
            yield refund_of(order, self.new_id(), min(time + self._some_hours(), self._end))

    def _price(self, item: Item) -> Decimal:
        if self._random.random() >= REBATE_CHANCE:
            return item.price
        return (item.price * REBATE).quantize(item.price, ROUND_HALF_UP)

    def _some_hours(self) -> timedelta:
        return timedelta(seconds=self._random.randint(600, 36_000))


def refund_of(order: OrderPlaced, event_id: str, time: datetime) -> OrderRefunded:
    """The refund of an order."""
    return OrderRefunded(
        event_id=event_id,
        order_id=order.order_id,
        user_id=order.user_id,
        session_id=order.session_id,
        item_id=order.item_id,
        item_name=order.item_name,
        category=order.category,
        price=order.price,
        currency=order.currency,
        event_timestamp=time,
    )
