"""What a client is told: an entry for each event, and the status code that sums them up."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct, json, structs

from flowguard.gateway.ingest import Accepted, Verdict
from flowguard.gateway.sink import Outcome

RETRY_AFTER = 2
"""Seconds after which a client may try again when Kafka did not store."""

STATUS_CODES = {
    200: "All events are accepted and stored",
    207: "Some events are accepted and stored, some are refused: see the entries",
    400: "The body is not readable as JSON, or its length is no number",
    401: "The API key is missing or unknown",
    403: "The page that sends is of an origin that is not allowed",
    405: "Only POST is possible here",
    413: "The body is too large, or holds too many events",
    422: "All events are refused: see the entries",
    429: "Too many events: wait as long as Retry-After says",
    503: "At least one event is not stored: send again, later, what is neither accepted nor refused",
    504: "Whether an event is stored is unknown: send it again with the same event_id",
}


class Entry(Struct, frozen=True, omit_defaults=True):
    """What became of one event, in the order in which they were sent; ``rule`` is the one that it broke."""

    event_id: str | None
    status: Literal["accepted", "refused", "not_stored", "unknown"]
    rule: str | None = None
    field: str | None = None
    message: str | None = None


class Answer(Struct, frozen=True, omit_defaults=True):
    """The body of every answer of ``/v1/events``; ``message`` explains what concerns the request as a whole."""

    accepted: int
    refused: int
    events: list[Entry]
    message: str | None = None


encode = json.Encoder().encode


def entry(verdict: Verdict) -> Entry:
    """What a client is told once the record is stored."""
    if isinstance(verdict, Accepted):
        return Entry(verdict.event_id, "accepted")
    refusal = verdict.refusal
    return Entry(verdict.event_id, "refused", refusal.rule, refusal.field, refusal.message)


def to(promised: Sequence[Entry], outcomes: Sequence[Outcome]) -> tuple[int, Answer]:
    """The status code and the answer for entries and what became of their records."""
    entries = [_settled(entry, outcome) for entry, outcome in zip(promised, outcomes, strict=True)]
    accepted = sum(entry.status == "accepted" for entry in entries)
    refused = sum(entry.status == "refused" for entry in entries)
    return _status(entries, accepted, refused), Answer(accepted, refused, entries)


def declined(message: str) -> Answer:
    """The answer to a request none of whose events was looked at or stored."""
    return Answer(0, 0, [], message)


def _settled(entry: Entry, outcome: Outcome) -> Entry:
    """A refusal, too, counts only once it is on record."""
    return entry if outcome is Outcome.STORED else structs.replace(entry, status=outcome.value)


def _status(entries: list[Entry], accepted: int, refused: int) -> int:
    if accepted == len(entries):
        return 200
    if accepted + refused < len(entries):
        return 504 if any(entry.status == "unknown" for entry in entries) else 503
    if accepted:
        return 207
    return 400 if len(entries) == 1 and entries[0].rule == "unreadable" else 422
