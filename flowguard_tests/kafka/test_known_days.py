"""What is known of a day is not asked again, and never used for records that came later."""

from datetime import datetime

from flowguard.kafka.known_days import KnownDays
from flowguard.kafka.ranges import EVER, Arrival, Position, TopicPartition, Watermarks

TP = TopicPartition("orders.v1", 0)
MIDNIGHT = datetime(2026, 11, 22)


class Answers:
    """A cut that gives prepared answers and counts the questions."""

    def __init__(self, *answers: Arrival | None) -> None:
        self._answers, self.asked = list(answers), 0

    def first_since(self, tp: TopicPartition, instant: datetime) -> Arrival | None:
        self.asked += 1
        return self._answers.pop(0)


def at(offset: int) -> list[Position]:
    return [Position("orders.v1", 0, 1, offset, datetime(2026, 11, 21, 12), None)]


def test_a_backlog_is_asked_about_once() -> None:
    answers = Answers(None)
    days = KnownDays(answers)
    for reached in (0, 40, 80):
        assert days.known(at(reached), {TP: Watermarks(0, 100 + reached)}) == {TP: Watermarks(0, 100)}
        assert days.first_since(TP, MIDNIGHT) is None
    assert answers.asked == 1


def test_what_came_later_is_asked_about_again() -> None:
    answers = Answers(None, Arrival(120, MIDNIGHT))
    days = KnownDays(answers)
    days.known(at(0), {TP: Watermarks(0, 100)})
    days.first_since(TP, MIDNIGHT)
    assert days.known(at(100), {TP: Watermarks(0, 150)}) == {TP: Watermarks(0, 150)}
    assert days.first_since(TP, MIDNIGHT) == Arrival(120, MIDNIGHT)


def test_another_midnight_is_another_question() -> None:
    answers = Answers(None, None)
    days = KnownDays(answers)
    days.known(at(0), {TP: Watermarks(0, 100)})
    days.first_since(TP, MIDNIGHT)
    days.first_since(TP, datetime(2026, 11, 23))
    assert answers.asked == 2


def test_a_partition_without_any_record_is_asked_about_again() -> None:
    answers = Answers(None, Arrival(3, MIDNIGHT))
    days = KnownDays(answers)
    days.known([], {TP: Watermarks(0, 3)})
    assert days.first_since(TP, EVER) is None
    assert days.known([], {TP: Watermarks(0, 4)}) == {TP: Watermarks(0, 4)}
    assert days.first_since(TP, EVER) == Arrival(3, MIDNIGHT)
