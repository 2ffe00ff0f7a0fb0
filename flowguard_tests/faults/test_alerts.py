"""What goes wrong in a running platform is told once, and once when it is mended; the links work.

Real processes all of them. Checks are evaluated every 2 s instead of every minute, records are late after 30 s instead
of 5 minutes, and a rolling run ends after 3 s without data instead of after 10 minutes.
"""

import os
import re
import signal
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from flowguard.cli.main import app
from flowguard.local.platform import Platform
from flowguard.local.ports import on_free_ports
from flowguard.local.webserver import ask, runs_in_flight
from flowguard.settings import Settings, load_settings
from flowguard.warehouse import Warehouse, open_warehouse
from flowguard_tests.alerts.inbox import Inbox, inbox
from flowguard_tests.conftest import producing
from flowguard_tests.local.locks import holder_of
from flowguard_tests.require import require
from flowguard_tests.rounds.flow import order
from flowguard_tests.waiting import wait_until

PATIENCE = 240.0
"""On a machine that has nothing else to do it is less than 90 s; on a busy one a run may take that long to start."""
_UNTOLD = """
SELECT COUNT(*) FROM ops.alerts AS a LEFT JOIN ops.alert_deliveries AS d ON d.alert_id = a.id
WHERE a.title LIKE '%{title}%' AND (a.state = 'open' OR d.told IS NULL OR d.told <> a.state || ' ' || a.revision)
"""
_SENSOR = """
{ sensorOrError(sensorSelector: {repositoryName: "__repository__", repositoryLocationName: "flowguard",
    sensorName: "ingestion_sensor"}) { ... on Sensor { id sensorState { id ticks(limit: 1) { status } } } } }
"""
_STOP = "mutation ($id: String!) { stopSensor(id: $id) { __typename } }"
_START = """
mutation { startSensor(sensorSelector: {repositoryName: "__repository__", repositoryLocationName: "flowguard",
    sensorName: "ingestion_sensor"}) { __typename } }
"""
_RUN = "query ($id: ID!) { runOrError(runId: $id) { __typename } }"
_ASSET = """
query ($key: [String!]!) { assetNodeOrError(assetKey: {path: $key}) { __typename ... on AssetNode {
    assetChecksOrError { ... on AssetChecks { checks { name } } } } } }
"""


@contextmanager
def traffic(settings: Settings, numbers: Iterator[int]) -> Iterator[None]:
    """An order every now and then."""
    produce, done = producing(settings.kafka_bootstrap_servers), Event()

    def send() -> None:
        while not done.wait(0.3):
            now = (datetime.now(UTC)).isoformat()
            produce(settings.orders_topic, [order(next(numbers), event_timestamp=now)])

    thread = Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.mark.faults
@pytest.mark.timeout(1500)
def test_each_trouble_is_told_once_and_once_when_it_is_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require("embedded-broker")
    with inbox() as box:
        monkeypatch.setenv("FLOWGUARD_ALERT_URLS", box.url)
        quick = {
            "check_interval": timedelta(seconds=2),
            "freshness_limit": timedelta(seconds=30),
            "quiet_time": timedelta(seconds=3),
        }
        settings = on_free_ports(load_settings(tmp_path / "home", **quick))
        numbers = iter(range(1_000_000))
        with Platform(settings) as platform, closing(open_warehouse(settings)) as warehouse:
            platform.start()
            with traffic(settings, numbers):
                kill_a_run(settings, warehouse, box)
                fill_the_quarantine(settings, box)
                break_a_day(settings, warehouse, box)
            stop_ingestion(settings, numbers, box)
            assert_links_work(settings, box)


@contextmanager
def trouble(settings: Settings, box: Inbox, title: str) -> Iterator[Callable[[], None]]:
    """What is done inside is told in one message with this in its title, and by its end, mended, in one more; gives
    what waits for the first.

    Inside, because on a busy machine something may be late at the start too.
    """
    with closing(open_warehouse(settings, read_only=True)) as warehouse:
        wait_until(lambda: warehouse.query(_UNTOLD.format(title=title)).item() == 0, PATIENCE)
    before = len(box.messages)

    def titles() -> list[str]:
        return [each for each in box.titles[before:] if title in each]

    yield lambda: wait_until(titles, PATIENCE)
    wait_until(lambda: len(titles()) == 2, PATIENCE)
    assert [each.startswith("Over: ") for each in titles()] == [False, True]
    [text, _] = [each["message"] for each in box.messages[before:] if title in each["title"]]
    for part in ("- Since: ", " UTC", "- Owner: team:data-platform", "What to do: ", "\n\nId: "):
        assert part in text
    both = list(zip(box.ids, box.titles, strict=True))[before:]
    assert len({id for id, each in both if title in each}) == 1


def kill_a_run(settings: Settings, warehouse: Warehouse, box: Inbox) -> None:
    """It is tried again at once, so nobody has to mend it."""
    wait_until(lambda: warehouse.query("SELECT COUNT(*) > 3 FROM ops.ingest_ranges").item(), PATIENCE)
    with trouble(settings, box, "run of ingestion failed"):
        process = holder_of(settings.home / "warehouse" / "rolling.lock")
        assert process is not None
        os.kill(process, signal.SIGKILL)


def fill_the_quarantine(settings: Settings, box: Inbox) -> None:
    words = ["quarantine", "discard", "--all", "--yes", "--reason", "a test", "--home", str(settings.home)]
    with trouble(settings, box, "check quarantine_share fails") as told:
        producing(settings.kafka_bootstrap_servers)(settings.orders_topic, [b"broken"] * 2000)
        told()
        succeed(words)


def break_a_day(settings: Settings, warehouse: Warehouse, box: Inbox) -> None:
    """Rebuilding it mends it, which is a backfill."""
    day = str(warehouse.query("SELECT order_date FROM silver.orders_cleaned WHERE order_id = 'o1'").item())
    words = ["backfill", "--from", day, "--to", day, "--tables", "silver", "--home", str(settings.home)]
    with trouble(settings, box, f"silver.orders_cleaned, {day}: check") as told:
        with warehouse.session() as session, session.transaction():
            session.execute("UPDATE silver.orders_cleaned SET price = -1 WHERE order_id = 'o1'")
        told()
        succeed(words)
    wait_until(lambda: any(re.match(r"backfill of .* is done", each) for each in box.titles), PATIENCE)


def stop_ingestion(settings: Settings, numbers: Iterator[int], box: Inbox) -> None:
    """Somebody switches its sensor off, and on again."""
    wait_until(lambda: not ingests(settings), PATIENCE)
    sensor = ask(settings, _SENSOR)["sensorOrError"]
    assert ask(settings, _STOP, {"id": sensor["id"]})["stopSensor"]["__typename"] == "StopSensorMutationResult"
    wait_until(lambda: not ticks(settings), PATIENCE)
    with trouble(settings, box, "records wait in Kafka") as told, traffic(settings, numbers):
        told()
        ask(settings, _START)


def ingests(settings: Settings) -> bool:
    return bool(runs_in_flight(settings)) or holder_of(settings.home / "warehouse" / "rolling.lock") is not None


def ticks(settings: Settings) -> bool:
    """A tick that has begun before the sensor was switched off may still launch a run."""
    return any(tick["status"] == "STARTED" for tick in ask(settings, _SENSOR)["sensorOrError"]["sensorState"]["ticks"])


def succeed(words: list[str]) -> None:
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output


def assert_links_work(settings: Settings, box: Inbox) -> None:
    """Each is a page of Dagster's, about a run, an asset or a check that exists."""
    links = {link for each in box.messages for link in re.findall(r"http://\S+", each["message"])}
    kinds = Counter(urlsplit(link).path.split("/")[1] for link in links)
    assert kinds.keys() == {"runs", "assets", "locations"}
    for link in links:
        with urllib.request.urlopen(link) as page:
            assert page.status == 200
        kind, *names = urlsplit(link).path.strip("/").split("/")
        if kind == "runs":
            assert ask(settings, _RUN, {"id": names[-1]})["runOrError"]["__typename"] == "Run", link
        elif kind == "assets":
            asset = ask(settings, _ASSET, {"key": names})["assetNodeOrError"]
            checks = {check["name"] for check in asset["assetChecksOrError"]["checks"]}
            assert set(parse_qs(urlsplit(link).query).get("checkDetail", [])) <= checks, link
        else:
            assert names[-1] in {"ingestion_sensor", "gold_sensor"}, link
