"""The embedded broker forgets about its last second when it is killed: noticed at its next start, and written down.

What was ingested of that second stays in the tables; its offsets are given to other records. So a new generation of
the topic begins, without a person, because this broker never promised more (docs/adr/0006).
"""

from collections.abc import Callable
from contextlib import closing

from flowguard.errors import OffsetsWentBackwards, TopicTruncated
from flowguard.kafka.broker import Broker
from flowguard.rounds.acceptance import accept, propose
from flowguard.settings import Settings
from flowguard.warehouse import has_tables, open_warehouse

REASON = "the embedded broker was killed and forgot its last records"
_FORGETFUL = {OffsetsWentBackwards, TopicTruncated}


class RunningMark:
    """A file that is there while the broker runs, and stays behind when it was not stopped in an orderly way."""

    def __init__(self, settings: Settings) -> None:
        self._file = settings.home / "broker" / "running"

    def left_behind(self) -> bool:
        """Whether it was there already; it is from now on."""
        was_there = self._file.exists()
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.touch()
        return was_there

    def remove(self) -> None:
        self._file.unlink(missing_ok=True)


def go_on_after_unclean_stop(settings: Settings, say: Callable[[str], None]) -> None:
    """Begin a new generation of each topic whose last records the broker has forgotten. ``say`` is told of each."""
    if not has_tables(settings):
        return
    with (
        closing(open_warehouse(settings)) as warehouse,
        closing(Broker(settings)) as broker,
        warehouse.session() as session,
    ):
        for topic in settings.topics:
            decision = propose(session, broker, topic)
            if decision and {gap.kind for gap in decision.gaps} <= _FORGETFUL:
                accept(session, decision, reason=REASON, run_id="flowguard up")
                say(f"{REASON} of {topic}: its generation {decision.generation} begins")
