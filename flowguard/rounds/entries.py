"""Entries of quarantine: how they are named, and which of them are meant."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Self

from flowguard.errors import InvalidInput

_ID = re.compile(r"([A-Za-z0-9._-]+)/(\d{1,9})/(\d{1,9})/(\d{1,18})")


class EntryId(NamedTuple):
    """The coordinates of a record, which are its entry's name: ``orders.v1/1/0/1234``."""

    topic: str
    generation: int
    partition: int
    offset: int

    def __str__(self) -> str:
        return "/".join(map(str, self))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises InvalidInput if the text is no id."""
        if not (match := _ID.fullmatch(text)):
            raise InvalidInput(
                f"{text!r} is no entry: an id is TOPIC/GENERATION/PARTITION/OFFSET, such as orders.v1/1/0/1234; "
                "`flowguard quarantine list --entries` shows them"
            )
        topic, *numbers = match.groups()
        return cls(topic, *map(int, numbers))

    @property
    def condition(self) -> str:
        return (
            f"_topic = {quoted(self.topic)} AND _generation = {self.generation} "
            f"AND _partition = {self.partition} AND _offset = {self.offset}"
        )


@dataclass(frozen=True)
class Selection:
    """Entries that meet each of these; what is empty is met by all."""

    ids: tuple[EntryId, ...] = ()
    rules: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    days: tuple[date, ...] = ()
    statuses: tuple[str, ...] = ()

    @property
    def condition(self) -> str:
        """What follows WHERE."""
        conditions = [
            *_one_of("rule", self.rules),
            *_one_of("stage", self.stages),
            *_one_of("_topic", self.topics),
            *_one_of("_arrival_date", map(str, self.days), "DATE"),
            *_one_of("status", self.statuses),
        ]
        if self.ids:
            conditions.append(f"({' OR '.join(f'({entry.condition})' for entry in self.ids)})")
        return " AND ".join(conditions) or "TRUE"


def quoted(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _one_of(column: str, values: Iterable[str], type: str = "VARCHAR") -> list[str]:
    listed = ", ".join(f"CAST({quoted(value)} AS {type})" for value in values)
    return [f"{column} IN ({listed})"] if listed else []
