import base64
import json
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

import msgspec
import pytest

from flowguard.errors import BrokerUnavailable, InvalidInput
from flowguard.kafka.broker import Broker
from flowguard.kafka.reader import RangeReader
from flowguard.local.shoppers import Account, Plan, Route, history, live
from flowguard.local.shoppers.client import GatewayClient
from flowguard.local.shoppers.pace import stream, ticks
from flowguard.local.shoppers.sending import deliver
from flowguard.settings import Settings

END = datetime(2024, 3, 3, 15, 20, tzinfo=UTC)
PLAN = Plan(seed=3, events=3_000, days=2, end=END, bad=0.1, repeated=0.05, late=0.05)


def arrivals(settings: Settings) -> list[tuple[int, str, bytes]]:
    """Each record's arrival, topic and bytes."""
    with closing(Broker(settings)) as broker, closing(RangeReader(settings)) as reader:
        return [
            (arrived_ms, block.range.topic, value or b"")
            for block in reader.read(broker.plan([], 1_000_000))
            for arrived_ms, value in zip(block.arrived_ms, block.values, strict=True)
        ]


def stored(settings: Settings) -> dict[str, list[bytes]]:
    """Every record by topic."""
    found = arrivals(settings)
    return {topic: [value for _, name, value in found if name == topic] for topic in settings.topics}


def test_what_was_sent_is_what_the_topics_hold(gateway: Settings) -> None:
    deliveries = list(history(PLAN))
    account = Account()
    for delivery in deliveries:
        account.add(delivery)
    seen: list[int] = []
    sent = deliver(deliveries, gateway, seen.append)

    assert sent.surprises == []
    assert sent.records == sum(seen) == len(deliveries)
    topics = stored(gateway)
    expected = {
        gateway.orders_topic: [d.payload for d in deliveries if d.is_order and d.outcome.stage != "gateway"],
        gateway.clicks_topic: [d.payload for d in deliveries if not d.is_order and d.outcome.stage != "gateway"],
    }
    for topic, payloads in expected.items():
        assert Counter(topics[topic]) == Counter(payloads)
    refusals = [json.loads(record) for record in topics[gateway.rejected_topic]]
    refused = Counter(refusal["rule"] for refusal in refusals)
    refused["missing_field"] -= sum(base64.b64decode(refusal["payload"]) == b"{}" for refusal in refusals)
    assert refused == {rule: n for (stage, rule), n in account.refused.items() if stage == "gateway"}


def test_the_late_come_last(gateway: Settings) -> None:
    deliveries = list(history(replace(PLAN, events=600, late=0.3, repeated=0)))
    deliver(deliveries, gateway, lambda records: None)
    late = {d.payload for d in deliveries if d.route is Route.LATE}
    found = arrivals(gateway)
    first_late = min(arrived for arrived, _, value in found if value in late)
    assert max(arrived for arrived, _, value in found if value not in late) <= first_late


def test_live_traffic_arrives(gateway: Settings) -> None:
    plan = Plan(seed=1, events=0, days=1, end=datetime.now(UTC))
    records = 0
    for sent in stream(live(plan, rate=5.0), gateway):
        records += sent
        if records > 100:
            break
    assert len(arrivals(gateway)) == records + 1  # and the question whether it listens


def test_nothing_is_due_before_its_time() -> None:
    start = datetime.now(UTC)

    deliveries = [
        delivery._replace(
            event=msgspec.structs.replace(delivery.event, event_timestamp=start + n * timedelta(seconds=0.3))
        )
        for n, delivery in enumerate(islice(history(PLAN), 4))
    ]
    due = []
    for now_due in ticks(iter(deliveries)):
        assert all(delivery.event.event_timestamp <= datetime.now(UTC) for delivery in now_due)
        due += now_due
    assert due == deliveries[:3]  # the stream never ends in earnest: the last one is waited for with the next


def test_an_absent_gateway_is_named_with_what_to_do(settings: Settings) -> None:
    client = GatewayClient(settings.model_copy(update={"gateway_port": 1}), patience=0)
    with pytest.raises(BrokerUnavailable, match=r"http://127\.0\.0\.1:1.*flowguard up"):
        client.send([b"{}"])


def test_a_request_that_is_not_taken_is_not_repeated(gateway: Settings) -> None:
    with pytest.raises(InvalidInput, match="413"):
        GatewayClient(gateway).send([b'{"event_id":"' + b"x" * 2_000_000 + b'"}'])
