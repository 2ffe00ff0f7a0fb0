"""When an alert begins, is told again, and is over: a clock of its own, and nobody is told anything."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from flowguard.alerts.alert import OPEN, OVER, Alert
from flowguard.alerts.condition import Condition, Seen
from flowguard.alerts.delivery import Delivery, due
from flowguard.alerts.receivers import Receiver
from flowguard.alerts.rules import COMES_BACK, GATHERS, GROWS, SETTLES, step
from flowguard_tests.alerts.examples import NOON, after, failing, seen

RECEIVER = Receiver("json://127.0.0.1/inbox")


class History:
    """Alerts as the warehouse keeps them, and what one receiver hears of them."""

    def __init__(self, repeat: timedelta = timedelta(0)) -> None:
        self.alerts: dict[str, Alert] = {}
        self.told: dict[str, Delivery] = {}
        self.heard: list[tuple[str, int]] = []
        self.repeat = repeat

    def look(self, now: datetime, *conditions: Condition, unknown: Sequence[str] = ()) -> list[Alert]:
        found = Seen(conditions, frozenset(unknown))  # type: ignore[arg-type]
        changed = step(list(self.alerts.values()), found, now, owner="team:a", repeat=self.repeat)
        for alert in changed:
            self.told.setdefault(alert.id, Delivery(alert.id, RECEIVER.id, RECEIVER.address))
            self.alerts[alert.id] = alert
        for alert, _, delivery in due(list(self.alerts.values()), list(self.told.values()), [RECEIVER], now):
            self.told[alert.id] = Delivery(delivery.alert_id, RECEIVER.id, RECEIVER.address, told=alert.news)
            self.heard.append((alert.state, alert.revision))
        return changed

    @property
    def only(self) -> Alert:
        [alert] = self.alerts.values()
        return alert


def test_one_message_when_it_begins_and_one_when_it_is_over() -> None:
    history = History()
    for second in range(0, 300, 5):
        history.look(after(seconds=second), failing())
    assert history.heard == [(OPEN, 1)]
    for second in range(300, 600, 5):
        history.look(after(seconds=second))
    assert history.heard == [(OPEN, 1), (OVER, 1)]
    assert history.only.over_at == after(seconds=300)
    assert history.only.began_at == failing().since


def test_nothing_is_written_while_nothing_changes() -> None:
    history = History()
    assert history.look(NOON, failing())
    assert history.look(after(seconds=5), failing(text="rows_valid: 3 failing rows.")) == []


def test_what_is_over_before_it_was_told_is_one_message() -> None:
    history = History()
    history.look(NOON, failing())
    gone = after(seconds=1)
    for alert in step(list(history.alerts.values()), seen(), gone, owner="a", repeat=timedelta(0)):
        history.alerts[alert.id] = alert
    history.look(gone + SETTLES)
    assert history.heard == [(OVER, 1)]
    assert history.only.over_at == gone


def test_days_that_fail_together_are_one_message() -> None:
    history = History()
    days = frozenset(f"rows_valid 2026-10-{day:02}" for day in range(1, 31))
    history.look(NOON, failing())
    together = failing(members=days, title="check rows_valid fails on 30 days")
    history.look(after(seconds=5), together)
    history.look(NOON + GATHERS, together)
    assert history.heard == [(OPEN, 1)]
    assert "30 days" in history.only.title
    history.look(after(hours=5), together)
    assert len(history.heard) == 1


def test_one_that_grows_is_told_again_but_seldom() -> None:
    history = History()
    history.look(NOON, failing())
    history.look(after(minutes=1), failing())
    grown = failing(members=frozenset({"rows_valid 2026-11-20", "keys_unique 2026-11-20"}), title="2 checks fail")
    for minute in range(2, 120):
        history.look(after(minutes=minute), grown if minute % 3 else failing())
    assert history.heard == [(OPEN, 1), (OPEN, 2)]
    assert history.only.revised_at - NOON >= GROWS


def test_it_is_repeated_only_after_the_setting() -> None:
    history, never = History(timedelta(hours=24)), History()
    for hour in range(72):
        history.look(after(hours=hour, minutes=1), failing())
        never.look(after(hours=hour, minutes=1), failing())
    assert history.heard == [(OPEN, 1), (OPEN, 2), (OPEN, 3)]
    assert never.heard == [(OPEN, 1)]


def test_one_that_comes_and_goes_does_not_spam() -> None:
    history = History()
    for second in range(0, 4 * 3600, 5):
        history.look(after(seconds=second), *([failing()] if second % 90 < 45 else []))
    assert [state for state, _ in history.heard] == [OPEN, OVER, OPEN, OVER, OPEN]
    calm = 4 * 3600 + 2 * COMES_BACK.total_seconds()
    for second in range(4 * 3600, int(calm), 5):
        history.look(after(seconds=second))
    assert history.heard[-1][0] == OVER


def test_what_nothing_can_be_said_of_is_not_over() -> None:
    history = History()
    history.look(NOON, failing(kind="gap"))
    history.look(after(minutes=1), failing(kind="gap"))
    for minute in range(2, 30):
        history.look(after(minutes=minute), unknown=["gap"])
    assert history.heard == [(OPEN, 1)]


def test_a_consequence_is_no_alert_and_does_not_end_one_either() -> None:
    cause, consequence = failing(key="gap", kind="gap"), failing(key="tick", kind="tick", follows=frozenset({"gap"}))
    history = History()
    for minute in range(5):
        history.look(after(minutes=minute), cause, consequence)
    assert [alert.key for alert in history.alerts.values()] == ["gap"]
    history = History()
    history.look(NOON, consequence)
    for minute in range(5):
        history.look(after(minutes=minute), cause, consequence)
    assert {alert.key: alert.state for alert in history.alerts.values()} == {"tick": OPEN, "gap": OPEN}


def test_a_cause_that_is_just_over_still_explains_its_consequences() -> None:
    cause = failing(key="run ingestion", kind="run")
    late = failing(key="stale", kind="stale", follows=frozenset({"run ingestion"}))
    history = History()
    history.look(NOON, cause)
    history.look(after(seconds=20), cause, late)
    history.look(after(seconds=25), late)
    history.look(after(seconds=35))
    history.look(after(seconds=60))
    assert history.heard == [(OPEN, 1), (OVER, 1)]
    history.look(after(seconds=65), late)
    history.look(after(seconds=80), late)
    assert history.heard == [(OPEN, 1), (OVER, 1), (OPEN, 1)]


def test_failures_in_a_row_are_one_alert_that_counts_them() -> None:
    history = History()
    for minute in range(10):
        history.look(after(minutes=minute), failing(times=minute + 1))
    assert history.heard == [(OPEN, 1)]
    assert history.only.times == 10
    assert "Times in a row: 10" in history.only.text


def test_what_has_happened_is_told_once_and_cannot_be_over() -> None:
    history, done = History(), failing(severity="info", kind="backfill", key="backfill 1")
    for minute in range(5):
        history.look(after(minutes=minute), done)
    history.look(after(minutes=9))
    assert history.heard == [(OVER, 1)]


def test_a_new_receiver_is_told_of_what_is_open_only() -> None:
    alerts = step([], seen(failing(), failing(key="done", severity="info")), NOON, owner="a", repeat=timedelta(0))
    work = due(alerts, [], [RECEIVER], after(minutes=1))
    assert [each.alert.key for each in work] == [failing().key]
