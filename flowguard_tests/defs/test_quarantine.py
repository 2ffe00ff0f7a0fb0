"""The jobs about quarantine on a real instance: dry unless told else, and telling of what they changed."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from flowguard.defs.everything import everything
from flowguard.defs.keys import key_of
from flowguard.defs.resources import Home
from flowguard.settings import Settings
from flowguard_tests.conftest import Produce
from flowguard_tests.defs.conftest import Send

TODAY = datetime.now(UTC).date().isoformat()
BY_STATUS = "SELECT status, COUNT(*) FROM ops.quarantine GROUP BY status"


@pytest.fixture
def refused(definitions: dg.Definitions, instance: dg.DagsterInstance, send: Send, produce: Produce, quick: Settings):
    """Three orders and clicks before the start date, and an order that cannot be read."""
    send(3, days_ago=12)
    produce(quick.orders_topic, [b"{broken"])
    assert definitions.resolve_job_def("ingestion").execute_in_process(instance=instance).success


@pytest.fixture
def fixed(quick: Settings) -> dg.Definitions:
    """The definitions after the start date was moved back."""
    return everything(quick.model_copy(update={"start_date": quick.start_date.replace(year=quick.start_date.year - 1)}))


def run(
    definitions: dg.Definitions, instance: dg.DagsterInstance, action: str, **config: object
) -> dg.ExecuteInProcessResult:
    job = definitions.resolve_job_def(f"quarantine_{action}")
    return job.execute_in_process(
        instance=instance, run_config={"ops": {action: {"config": config}}}, raise_on_error=False
    )


def told(result: dg.ExecuteInProcessResult) -> set[str]:
    events = [event for event in result.all_events if event.event_type_value == "ASSET_MATERIALIZATION"]
    return {event.asset_key.to_user_string() for event in events if event.asset_key}


def shown(result: dg.ExecuteInProcessResult) -> str:
    [output] = [event for event in result.all_node_events if event.event_type_value == "STEP_OUTPUT"]
    return str(output.step_output_data.metadata["chosen"].value)


@pytest.mark.usefixtures("refused")
def test_a_redrive_is_dry_unless_told_else(fixed: dg.Definitions, instance: dg.DagsterInstance, home: Home) -> None:
    dry = run(fixed, instance, "redrive", everything=True)
    assert dry.success and not told(dry)
    assert "| silver | before_start | 6 | 6 | 0 |" in shown(dry)
    assert dict(home.warehouse.query(BY_STATUS).iter_rows()) == {"open": 7}

    done = run(fixed, instance, "redrive", rules=["before_start"], dry_run=False)
    assert done.success
    assert dict(home.warehouse.query(BY_STATUS).iter_rows()) == {"open": 1, "redriven": 6}
    assert {"ops/quarantine", "bronze/orders_raw", "bronze/clicks_raw", "silver/orders_cleaned"} <= told(done)
    assert home.warehouse.query("SELECT COUNT(*) FROM silver.orders_cleaned").item() == 3


@pytest.mark.usefixtures("refused")
def test_a_discard_is_dry_unless_told_else(
    definitions: dg.Definitions, instance: dg.DagsterInstance, home: Home
) -> None:
    dry = run(definitions, instance, "discard", rules=["unreadable"], reason="a test")
    assert dry.success and not told(dry)
    assert "| bronze | unreadable | 1 |" in shown(dry)

    done = run(definitions, instance, "discard", rules=["unreadable"], reason="a test", dry_run=False)
    assert done.success
    assert told(done) == {"ops/quarantine"}
    assert dict(home.warehouse.query(BY_STATUS).iter_rows()) == {"open": 6, "discarded": 1}

    again = run(definitions, instance, "redrive", rules=["unreadable"], discarded=True)
    assert "| bronze | unreadable | 1 | 0 | 1 |" in shown(again)


@pytest.mark.parametrize("config", [{}, {"ids": ["x"]}, {"days": ["yesterday"]}])
def test_what_is_no_selection_fails_the_run(
    definitions: dg.Definitions, instance: dg.DagsterInstance, config: dict[str, object]
) -> None:
    assert not run(definitions, instance, "redrive", **config).success


@pytest.mark.usefixtures("refused")
def test_a_day_of_quarantine_tells_its_rules_and_its_share(instance: dg.DagsterInstance) -> None:
    [record] = instance.fetch_materializations(key_of("ops.quarantine"), limit=1).records
    assert record.asset_materialization is not None
    metadata = record.asset_materialization.metadata
    assert "| silver | before_start | open | 6 |" in str(metadata["refused_by_rule"].value)
    assert metadata["open_percent_of_records"].value == 100.0
