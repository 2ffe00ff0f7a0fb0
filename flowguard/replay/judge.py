"""The gateway's verdict on each line, fast for the great many that are plainly good."""

from contextlib import suppress
from datetime import UTC, datetime

from flowguard.events.contract import UNDECODABLE, Refusal, check_bytes, read_event
from flowguard.events.model import Click, Impression
from flowguard.events.rules import Limits
from flowguard.gateway.ingest import LARGEST_EVENT, Accepted, Judge, Verdict
from flowguard.kafka.sender import Record
from flowguard.replay.identity import with_event_id
from flowguard.settings import Settings


class LineJudge:
    """Applies the contract and the rules as of one moment, which stands for the arrival of the lines."""

    def __init__(self, settings: Settings, now: datetime) -> None:
        limits = Limits(settings.start, settings.currency, settings.future_tolerance)
        self._judge = Judge(limits, settings.orders_topic, settings.clicks_topic)
        self._clicks_topic = settings.clicks_topic
        self._now = now.replace(tzinfo=None)
        self._earliest, self._latest = settings.start.replace(tzinfo=UTC), now

    def line(self, payload: bytes) -> tuple[str, Record] | Refusal:
        """The topic and the record of a good line, or what is wrong with it. A missing event_id is made up for."""
        if record := self._plainly_good_view(payload):
            return self._clicks_topic, record
        verdict = self._verdict(payload)
        if isinstance(verdict, Accepted):
            topic, key, value = verdict.record
            return topic, Record(key, value)
        return verdict.refusal

    def _plainly_good_view(self, payload: bytes) -> Record | None:
        """A view that no rule can object to; most lines of most files are that."""
        if not payload.isascii() or b"\\u0000" in payload or len(payload) > LARGEST_EVENT:
            return None
        try:
            check_bytes(payload)
            event = read_event(payload)
        except UNDECODABLE:
            return None
        plain = isinstance(event, (Click, Impression)) and self._earliest <= event.event_timestamp <= self._latest
        return Record(event.user_id.encode(), payload) if plain else None

    def _verdict(self, payload: bytes) -> Verdict:
        verdict = self._judge.event(payload, self._now)
        if isinstance(verdict, Accepted):
            return verdict
        if (verdict.refusal.rule, verdict.refusal.field) == ("missing_field", "event_id"):
            with suppress(*UNDECODABLE):  # something behind the event, which the first look did not reach
                return self._judge.event(with_event_id(payload), self._now)
        return verdict
