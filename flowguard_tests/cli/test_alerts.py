"""``flowguard alerts``: each receiver is tried, and what there was can be listed and read."""

import json

import pytest
from typer.testing import CliRunner, Result

from flowguard.alerts.delivery import deliver, due
from flowguard.alerts.history import recent, record, write
from flowguard.alerts.receivers import receivers
from flowguard.alerts.rules import begun
from flowguard.cli.main import app
from flowguard.settings import Settings, load_settings
from flowguard.warehouse import Warehouse
from flowguard_tests.alerts.examples import NOON, failing
from flowguard_tests.alerts.inbox import inbox


def alerts(home: Settings, *words: str) -> Result:
    return CliRunner().invoke(app, ["alerts", *words, "--home", str(home.home)])


def test_a_test_says_who_took_it(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with inbox() as good, inbox() as bad:
        bad.manner = "refuses"
        monkeypatch.setenv("FLOWGUARD_ALERT_URLS", f"{good.url},{bad.url}, nonsense://a-secret")
        done = alerts(home, "test")
        assert done.exit_code == 1
        first, second, third = done.stdout.splitlines()
        assert first == "json://127.0.0.1/****: taken"
        assert second.startswith("json://127.0.0.1/****: not taken: Failed to send") and "500" in second
        assert third.startswith("nonsense://****: not taken: apprise knows no such URL")
        assert good.titles == ["test"]
        monkeypatch.setenv("FLOWGUARD_ALERT_URLS", good.url)
        assert alerts(home, "test").exit_code == 0


def test_nobody_to_tell_is_an_error(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLOWGUARD_ALERT_URLS", raising=False)
    done = alerts(home, "test")
    assert done.exit_code == 1 and "FLOWGUARD_ALERT_URLS is not set" in done.stderr


def test_alerts_are_listed_and_shown(home: Settings, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    with inbox() as box:
        monkeypatch.setenv("FLOWGUARD_ALERT_URLS", box.url)
        told = receivers(load_settings(home.home))
        happened = begun(failing(severity="info", key="backfill 1", title="done"), NOON, "team:a")
        write(warehouse, [begun(failing(), NOON, "team:a"), happened], (), told)
        work = [each for each in due(*recent(warehouse, NOON), told, NOON) if each.alert.severity == "info"]
        deliver(work, lambda: NOON, lambda delivery: record(warehouse, delivery))
    [shown] = json.loads(alerts(home, "list", "--format", "json").stdout)
    assert (shown["state"], shown["title"], shown["receivers_told"]) == ("open", failing().title, "0 of 1")
    everything = json.loads(alerts(home, "list", "--all", "--format", "json").stdout)
    assert {each["id"]: each["receivers_told"] for each in everything} == {shown["id"]: "0 of 1", happened.id: "1 of 1"}
    text = alerts(home, "show", shown["id"]).stdout
    assert text.startswith(f"FlowGuard: {failing().title}\n") and text.endswith(f"Id: {shown['id']}\n")
    missing = alerts(home, "show", "nothing'")
    assert missing.exit_code == 1 and "there is no alert nothing'" in missing.stderr
