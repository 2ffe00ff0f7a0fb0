"""The status code sums up what became of the events."""

import msgspec
import pytest

from flowguard.events.contract import Refusal
from flowguard.gateway import answer
from flowguard.gateway.ingest import Accepted, Record, Refused
from flowguard.gateway.sink import Outcome

GOOD = Accepted("good", Record("orders", b"ada", b"{}"))
BAD = Refused("bad", b"{}", Refusal("price", "too high", "price"))
BROKEN = Refused(None, b"{", Refusal("unreadable", "not JSON"))
STORED, NOT_STORED, UNKNOWN = Outcome.STORED, Outcome.NOT_STORED, Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("became", "status", "accepted", "refused"),
    [
        ([], 200, 0, 0),
        ([(GOOD, STORED)], 200, 1, 0),
        ([(GOOD, STORED), (BAD, STORED)], 207, 1, 1),
        ([(BAD, STORED)], 422, 0, 1),
        ([(BAD, STORED), (BROKEN, STORED)], 422, 0, 2),
        ([(BROKEN, STORED)], 400, 0, 1),
        ([(GOOD, NOT_STORED)], 503, 0, 0),
        ([(BAD, NOT_STORED)], 503, 0, 0),
        ([(GOOD, STORED), (GOOD, NOT_STORED), (BAD, STORED)], 503, 1, 1),
        ([(GOOD, UNKNOWN)], 504, 0, 0),
        ([(GOOD, NOT_STORED), (GOOD, UNKNOWN), (GOOD, STORED)], 504, 1, 0),
    ],
)
def test_status_and_counts(
    became: list[tuple[Accepted | Refused, Outcome]], status: int, accepted: int, refused: int
) -> None:
    code, told = answer.to([answer.entry(verdict) for verdict, _ in became], [outcome for _, outcome in became])
    assert (code, told.accepted, told.refused, len(told.events)) == (status, accepted, refused, len(became))
    assert code in answer.STATUS_CODES


def test_an_event_that_is_not_stored_is_not_called_refused() -> None:
    _, told = answer.to([answer.entry(GOOD), answer.entry(BAD)], [UNKNOWN, NOT_STORED])
    assert msgspec.to_builtins(told)["events"] == [
        {"event_id": "good", "status": "unknown"},
        {"event_id": "bad", "status": "not_stored", "rule": "price", "field": "price", "message": "too high"},
    ]
