"""The fast look at a line says what the gateway says."""

from datetime import UTC, date, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from flowguard.events.contract import Refusal
from flowguard.events.rules import Limits
from flowguard.gateway.ingest import Judge, Refused
from flowguard.replay.judge import LineJudge
from flowguard.settings import Settings
from flowguard_tests.fuzz.payloads import payload

NOW = datetime(2026, 11, 21, 12)
SETTINGS = Settings(home=Path("nowhere"), start_date=date(2024, 1, 1), currency="USD")
lines = LineJudge(SETTINGS, NOW.replace(tzinfo=UTC))
gateway = Judge(Limits(SETTINGS.start, "USD", SETTINGS.future_tolerance), "orders.v1", "clicks.v1")


@given(st.integers(0, 2**32 - 1).map(lambda seed: payload(seed, NOW)))
def test_any_line(line: bytes) -> None:
    found, verdict = lines.line(line), gateway.event(line, NOW)
    if not isinstance(verdict, Refused):
        assert found == (verdict.record.topic, verdict.record[1:])
    elif (verdict.refusal.rule, verdict.refusal.field) != ("missing_field", "event_id"):  # which is made up for
        assert isinstance(found, Refusal)
        assert found == verdict.refusal
