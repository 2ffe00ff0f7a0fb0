"""What tests of the Dagster layer share: definitions of a home with real topics, an instance, a few events."""

import json
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from flowguard.checks.check import Check
from flowguard.defs import checks
from flowguard.defs.everything import everything
from flowguard.defs.resources import Home
from flowguard.rounds.chunk import now
from flowguard.rounds.evaluation import Outcome
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse
from flowguard_tests.alerts.inbox import Inbox, inbox
from flowguard_tests.conftest import Produce
from flowguard_tests.postgres import postgres
from flowguard_tests.require import require

Send = Callable[..., None]
SHORT = timedelta(milliseconds=300)


@pytest.fixture
def quick(settings: Settings) -> Settings:
    """Runs end as soon as nothing comes, and start days are few."""
    today = datetime.now(UTC).date()
    given = {"quiet_time": SHORT, "gold_interval": SHORT, "start_date": today - timedelta(days=9)}
    return settings.model_copy(update=given)


@pytest.fixture
def all_checks() -> None:
    """For tests of what checks find: each is really evaluated."""


@pytest.fixture(autouse=True)
def _few_checks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All checks of a run take ten seconds, which only tests of checks are worth: elsewhere they find nothing."""
    if "all_checks" not in request.fixturenames:
        monkeypatch.setattr(checks, "evaluate", _nothing_found)


def _nothing_found(warehouse: Warehouse, check: Check, days: Collection[date | None]) -> Outcome:
    return Outcome(check, frozenset(days), (), now(), 0.0)


@pytest.fixture
def definitions(quick: Settings) -> dg.Definitions:
    return everything(quick)


@pytest.fixture
def home(definitions: dg.Definitions, quick: Settings) -> Iterator[Home]:
    """The one that the definitions use."""
    used = Home(quick)
    yield used
    used.close()


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides={"telemetry": {"enabled": False}}) as temporary:
        yield temporary


@pytest.fixture
def send(quick: Settings, produce: Produce) -> Send:
    """``send(count, days_ago=0)``: orders and clicks of one day."""

    def send(count: int, days_ago: int = 0) -> None:
        instant = (datetime.now(UTC) - timedelta(days=days_ago)).isoformat()
        event = {"user_id": "u1", "item_id": "i1", "event_timestamp": instant}
        ids = [f"{days_ago}-{number}" for number in range(count)]
        order = {"event_type": "order_placed", "price": "9.90"}
        click = {"event_type": "click"}
        produce(
            quick.orders_topic, [json.dumps({**event, **order, "event_id": i, "order_id": i}).encode() for i in ids]
        )
        produce(quick.clicks_topic, [json.dumps({**event, **click, "event_id": i}).encode() for i in ids])

    return send


@pytest.fixture
def box() -> Iterator[Inbox]:
    """Somebody who receives alerts."""
    with inbox() as box:
        yield box


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    require("postgres")
    with postgres() as url:
        yield url


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def each_storage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dg.DagsterInstance]:
    """An instance on each of the storages that FlowGuard is run with."""
    storage = {}
    if request.param == "postgres":
        storage = {"storage": {"postgres": {"postgres_url": request.getfixturevalue("postgres_server")}}}
    overrides = {"telemetry": {"enabled": False}, **storage}
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster")), overrides=overrides) as temporary:
        yield temporary


@pytest.fixture
def on_each_storage(each_storage: dg.DagsterInstance) -> dg.DagsterInstance:
    """Empty again for each test."""
    each_storage.wipe()
    each_storage.wipe_all_schedules()
    return each_storage
