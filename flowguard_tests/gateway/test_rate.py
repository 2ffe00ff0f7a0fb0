"""A client owes time for its events."""

from flowguard.gateway.rate import CLIENTS_REMEMBERED, RateLimit


def test_a_second_may_be_saved_up_and_no_more() -> None:
    limit = RateLimit(10)
    limit.charge("a", 10, now=1000)
    assert limit.wait("a", now=1000) == 0
    limit.charge("a", 5, now=1000)
    assert limit.wait("a", now=1000) == 0.5
    assert limit.wait("b", now=1000) == 0
    assert limit.wait("a", now=1000.5) == 0


def test_zero_is_no_limit() -> None:
    limit = RateLimit(0)
    limit.charge("a", 1_000_000, now=1000)
    assert limit.wait("a", now=1000) == 0


def test_only_so_many_clients_are_remembered() -> None:
    limit = RateLimit(1)
    for number in range(CLIENTS_REMEMBERED + 1):
        limit.charge(str(number), 10, now=1000)
    assert limit.wait("0", now=1000) == 0
    assert limit.wait("1", now=1000) > 0
