"""A person's decision is recorded whole or not at all, also when it is killed."""

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from flowguard.settings import Settings
from flowguard_tests.conftest import Produce
from flowguard_tests.faults.conftest import in_small_rounds
from flowguard_tests.faults.processes import finish, killed_at
from flowguard_tests.rounds.flow import contents, opened, order

_GAPS = "SELECT start_offset, end_offset FROM ops.ingest_ranges WHERE kind = 'accepted_gap'"


@pytest.mark.faults
def test_a_killed_decision_is_none_and_can_be_made_again(settings: Settings, produce: Produce) -> None:
    home = in_small_rounds(settings)
    produce(home.orders_topic, map(order, range(3)), partition=0)
    finish(home, "ingest")
    produce(home.orders_topic, map(order, range(3, 8)), partition=0)
    admin = AdminClient({"bootstrap.servers": home.kafka_bootstrap_servers})
    for answer in admin.delete_records([TopicPartition(home.orders_topic, 0, 6)]).values():
        answer.result()
    assert killed_at(home, "accept_gap", "acceptance.dirty", 0)
    with opened(home) as warehouse:
        assert warehouse.query(_GAPS).rows() == []
    finish(home, "accept_gap")
    finish(home, "ingest")
    with opened(home) as warehouse:
        assert warehouse.query(_GAPS).rows() == [(3, 6)]
        ledger = contents(home, warehouse)["gold.flow_ledger"]
        assert ledger.select("offsets", "bronze_rows", "lost", "balanced").rows() == [(8, 5, 3, True)]
