"""The guard: what is wrong with Kafka fails a check until it is over."""

from typing import Any

import dagster as dg
import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from flowguard.defs import guard
from flowguard.defs.resources import Home
from flowguard.rounds.rolling import roll
from flowguard.settings import Settings
from flowguard_tests.defs.conftest import Send
from flowguard_tests.waiting import wait_until


def tick(definitions: dg.Definitions, instance: dg.DagsterInstance, home: Home, cursor: str | None) -> Any:
    repository = definitions.get_repository_def()
    context = dg.build_sensor_context(
        instance=instance, repository_def=repository, resources={"home": home}, cursor=cursor
    )
    return repository.get_sensor_def("guard_sensor").evaluate_tick(context)


def test_a_recreated_topic_fails_the_check_until_it_is_over(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    home: Home,
    quick: Settings,
    send: Send,
) -> None:
    send(3)
    roll(quick, home.warehouse, run_id="r", on_commit=lambda _: None, each_minute=lambda *_: None)
    first = tick(definitions, instance, home, None)
    (evaluation,) = first.asset_events
    assert (evaluation.passed, evaluation.check_name) == (True, guard.NAME)
    assert tick(definitions, instance, home, first.cursor).skip_message == "nothing changed"

    topic, admin = quick.orders_topic, AdminClient({"bootstrap.servers": quick.kafka_bootstrap_servers})
    admin.delete_topics([topic])[topic].result()
    wait_until(lambda: topic not in admin.list_topics(timeout=5).topics)
    missing = tick(definitions, instance, home, first.cursor)
    assert f"missing topics: {topic}" in missing.asset_events[0].description

    config = {"message.timestamp.type": "LogAppendTime"}
    admin.create_topics([NewTopic(topic, quick.topic_partitions, config=config)])[topic].result()
    wait_until(lambda: topic in admin.list_topics(timeout=5).topics)
    gone = tick(definitions, instance, home, missing.cursor)
    (evaluation,) = gone.asset_events
    assert not evaluation.passed
    assert f"topic {topic}, partition" in evaluation.description
    assert evaluation.description.endswith("What to do: flowguard doctor")
    with home.warehouse.session() as session, session.transaction():
        session.execute(f"DELETE FROM ops.ingest_ranges WHERE topic = '{topic}'")
    over = tick(definitions, instance, home, gone.cursor)
    assert over.asset_events[0].passed


def test_a_broker_that_is_away_is_no_gap(
    definitions: dg.Definitions, instance: dg.DagsterInstance, quick: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowguard.kafka.config.REQUEST_TIMEOUT", 0.3)
    away = Home(quick.model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:9"}))
    assert tick(definitions, instance, away, None).skip_message.startswith("nothing can be said: ")
    away.close()
