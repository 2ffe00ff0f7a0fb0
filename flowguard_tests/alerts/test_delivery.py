"""Delivery to a real HTTP server and a real warehouse: what is not taken comes later, once."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from flowguard.alerts import delivery
from flowguard.alerts.alert import Alert
from flowguard.alerts.condition import Condition
from flowguard.alerts.history import recent, record, write
from flowguard.alerts.receivers import Receiver
from flowguard.alerts.rules import SETTLES, step
from flowguard.local.ports import free_port
from flowguard.warehouse import Warehouse
from flowguard_tests.alerts.examples import NOON, failing, seen
from flowguard_tests.alerts.inbox import Inbox, Manner, inbox


@pytest.fixture
def box() -> Iterator[Inbox]:
    with inbox() as box:
        yield box


class Teller:
    """Looks when the test says, by a clock of its own, at conditions that the test names."""

    def __init__(self, warehouse: Warehouse, *urls: str) -> None:
        self.warehouse, self.receivers = warehouse, [Receiver(url) for url in urls]
        self.now = NOON

    def look(self, *conditions: Condition, seconds: float = 10) -> list[Alert]:
        """Some seconds later."""
        self.now += timedelta(seconds=seconds)
        known, _ = recent(self.warehouse, self.now)
        changed = step(known, seen(*conditions), self.now, owner="team:a", repeat=timedelta(0))
        write(self.warehouse, changed, known, self.receivers)
        alerts, deliveries = recent(self.warehouse, self.now)
        work = delivery.due(alerts, deliveries, self.receivers, self.now)
        delivery.deliver(work, lambda: self.now, lambda done: record(self.warehouse, done))
        return alerts

    def begin(self, *conditions: Condition) -> None:
        """They are seen, and told."""
        self.look(*conditions)
        self.look(*conditions)

    def end(self) -> list[Alert]:
        """Nothing is seen for so long that everything is over."""
        self.look()
        return self.look(seconds=SETTLES.total_seconds())

    @property
    def deliveries(self) -> list[delivery.Delivery]:
        return recent(self.warehouse, self.now)[1]


def test_a_message_has_all_that_people_need(warehouse: Warehouse, box: Inbox) -> None:
    Teller(warehouse, box.url).begin(failing(examples=({"order_id": "o|1", "price": None},), times=3))
    [message] = box.messages
    assert message["title"] == f"FlowGuard: {failing().title}" and message["type"] == "failure"
    for part in (
        "- Table: silver.orders_cleaned",
        "- Since: 2026-11-25 11:59:00 UTC",
        "- Owner: team:a",
        "- Times in a row: 3",
        "| order_id | price |\n|---|---|\n| o\\|1 |  |",
        "What to do: `flowguard doctor`",
    ):
        assert part in message["message"]


@pytest.mark.parametrize("manner", ["refuses", "hangs"])
def test_what_is_not_taken_comes_later_and_once(warehouse: Warehouse, box: Inbox, manner: Manner) -> None:
    teller = Teller(warehouse, box.url)
    box.manner = manner
    teller.begin(failing())
    asked = []
    for seconds in (4, 1, 9, 1):  # it is tried after 5 s, then after 10 s
        teller.look(failing(), seconds=seconds)
        asked.append(box.asked)
    assert (box.messages, asked) == ([], [1, 2, 2, 3])
    [waiting] = teller.deliveries
    assert waiting.attempts == 3 and waiting.error and waiting.told is None
    box.manner = "takes"
    teller.look(failing(), seconds=20)
    assert box.titles == [failing().title]
    teller.end()
    assert box.titles == [failing().title, f"Over: {failing().title}"]
    assert len(set(box.ids)) == 1
    assert teller.deliveries[0].error is None


def test_what_was_over_while_the_receiver_was_away_is_one_message(warehouse: Warehouse) -> None:
    port = free_port()
    teller = Teller(warehouse, f"json://127.0.0.1:{port}/")
    teller.begin(failing())
    teller.end()
    with inbox(port) as box:
        teller.look(seconds=300)
        assert box.titles == [f"Over: {failing().title}"]
        assert "Over since 2026-11-25 12:00:30 UTC. It was:" in box.messages[0]["message"]


def test_one_receiver_that_fails_keeps_no_other_waiting(warehouse: Warehouse, box: Inbox) -> None:
    with inbox() as bad:
        bad.manner = "hangs"
        teller = Teller(warehouse, bad.url, box.url)
        teller.begin(failing(), failing(key="another"))
        assert len(box.messages) == 2
        assert bad.asked == 1  # it is not asked for the other one as well


def test_a_message_that_is_never_taken_keeps_no_other_waiting(warehouse: Warehouse) -> None:
    taken: list[str] = []

    class Picky(Receiver):
        def send(self, message: object) -> str | None:
            if "poison" in message.title:  # type: ignore[attr-defined]
                return "it does not like that"
            taken.append(message.title)  # type: ignore[attr-defined]
            return None

    teller = Teller(warehouse)
    teller.receivers = [Picky("json://127.0.0.1/")]
    poison, good = failing(key="a", title="poison"), failing(key="b", title="good")
    teller.begin(poison)
    teller.begin(poison, good)
    assert taken == ["FlowGuard: good"]


def test_sending_ends_in_time(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "LONGEST_SECONDS", -1.0)
    teller = Teller(warehouse, "json://127.0.0.1:9/")
    teller.begin(failing())
    assert teller.deliveries[0].attempts == 0


def test_history_is_kept(warehouse: Warehouse, box: Inbox) -> None:
    teller = Teller(warehouse, box.url)
    teller.begin(failing())
    [alert] = teller.end()
    stored = warehouse.query("SELECT state, over_at, kind, severity FROM ops.alerts").rows()
    assert stored == [("over", datetime(2026, 11, 25, 12, 0, 30), "check", "error")]
    [told] = teller.deliveries
    assert told.told == alert.news and told.told_at and told.address == "json://127.0.0.1/****"
    assert "inbox" not in str(warehouse.query("SELECT * FROM ops.alert_deliveries").rows())
