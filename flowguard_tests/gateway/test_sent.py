"""After a timeout, the statistics tell whether anything can have reached a broker."""

import json

from flowguard.gateway.sent import SentRequests


def statistics(**produced: int) -> str:
    brokers = {name: {"state": "UP", "req": {"Produce": count, "Metadata": 3}} for name, count in produced.items()}
    return json.dumps({"name": "a client", "brokers": brokers, "topics": {}})


def test_nothing_was_sent_before_the_first_request() -> None:
    sent = SentRequests()
    sent.report(statistics(one=0), now=1)
    assert not sent.since(0.5)


def test_a_request_may_have_left_at_any_time_until_it_is_reported() -> None:
    sent = SentRequests()
    sent.report(statistics(one=4), now=1)
    sent.report(statistics(one=5), now=2)
    assert sent.since(1.9)
    sent.report(statistics(one=5), now=3)
    assert not sent.since(2.1)


def test_a_broker_that_is_forgotten_takes_its_count_with_it() -> None:
    sent = SentRequests()
    sent.report(statistics(one=4), now=1)
    sent.report(statistics(bootstrap=0), now=2)
    assert sent.since(1.5)
    sent.report(statistics(bootstrap=0), now=3)
    assert not sent.since(2.5)
