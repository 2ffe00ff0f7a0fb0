"""Whoever sends is killed after the receiver has answered, before that is written down."""

from contextlib import closing
from pathlib import Path

import pytest

from flowguard.alerts.history import recent, write
from flowguard.alerts.receivers import receivers
from flowguard.alerts.rules import begun
from flowguard.rounds.chunk import now
from flowguard.settings import load_settings
from flowguard.warehouse import open_warehouse
from flowguard_tests.alerts.examples import failing
from flowguard_tests.alerts.inbox import inbox
from flowguard_tests.faults.processes import finish, killed_at


def test_the_message_may_come_again_and_has_the_same_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with inbox() as box:
        monkeypatch.setenv("FLOWGUARD_ALERT_URLS", box.url)
        settings = load_settings(tmp_path / "home")
        with closing(open_warehouse(settings)) as warehouse:
            told = begun(failing(severity="info"), now(), settings.owner)
            write(warehouse, [told], (), receivers(settings))
        assert killed_at(settings, "alert", "alert.sent", 0)
        assert box.ids == [told.id]
        assert finish(settings, "alert") == "1\n"
        assert box.ids == [told.id, told.id]
        assert finish(settings, "alert") == "0\n"
        assert len(box.ids) == 2
        with closing(open_warehouse(settings)) as warehouse:
            [delivery] = recent(warehouse, now())[1]
            assert delivery.told == told.news
