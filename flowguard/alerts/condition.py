"""A condition: something that is so right now, and that people have to know."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, NamedTuple

Kind = Literal["run", "check", "quarantine", "stale", "gap", "broker", "tick", "backfill", "report"]
Severity = Literal["error", "warning", "info"]


class Link(NamedTuple):
    """A page to look at, and what it shows."""

    name: str
    url: str


@dataclass(frozen=True)
class Condition:
    """What is so, of what, since when (naive UTC), and what a person can do.

    ``key`` is the same as long as it is the same trouble; ``members`` are what it consists of, so that one that grows
    can be told of again; ``times`` is how often it happened in a row. ``follows`` names the kinds, or keys, of those
    that it would be a mere consequence of. One of severity info has happened and cannot be over.
    """

    key: str
    kind: Kind
    severity: Severity
    title: str
    text: str
    since: datetime
    to_do: str
    table: str | None = None
    days: tuple[date, ...] = ()
    examples: tuple[dict[str, object], ...] = ()
    links: tuple[Link, ...] = ()
    members: frozenset[str] = field(default_factory=frozenset)
    times: int = 1
    follows: frozenset[str] = frozenset()


class Seen(NamedTuple):
    """The conditions that hold, and the kinds of which nothing could be said."""

    conditions: tuple[Condition, ...]
    unknown: frozenset[Kind] = frozenset()
