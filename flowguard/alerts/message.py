"""What people read: a title and a text in Markdown that can be read as it is, with bare links, wherever it goes."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from flowguard.alerts.alert import OVER, Alert
from flowguard.alerts.condition import Condition

MOST_DAYS = 10
MOST_EXAMPLES = 5
_WIDEST = 60


class Message(NamedTuple):
    """``type`` is apprise's: info, success, warning or failure."""

    title: str
    body: str
    type: str


_TYPES = {"error": "failure", "warning": "warning", "info": "info"}


def message(alert: Alert) -> Message:
    """What there is to tell of an alert as it stands."""
    happened = alert.severity == "info"
    title, lead, type = alert.title, "", _TYPES[alert.severity]
    if alert.state == OVER and not happened:
        title, type = f"Over: {title}", "success"
        lead = f"Over since {instant(alert.over_at or alert.noticed_at)}. It was:\n\n"
    elif alert.revision > 1:
        title = f"Still: {title}"
    return Message(f"FlowGuard: {title}", f"{lead}{alert.text}\n\nId: {alert.id}", type)


def text_of(condition: Condition, owner: str) -> str:
    """Everything about a condition, paragraph by paragraph."""
    return "\n\n".join(_paragraphs(condition, owner))


def instant(moment: datetime) -> str:
    """A naive UTC instant as people read it."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _paragraphs(condition: Condition, owner: str) -> Iterator[str]:
    yield condition.text
    facts = []
    if condition.table:
        facts.append(f"- Table: {condition.table}")
    if condition.days:
        facts.append(f"- {'Partition' if len(condition.days) == 1 else 'Partitions'}: {_days(condition)}")
    facts += [f"- Since: {instant(condition.since)}", f"- Owner: {owner}"]
    if condition.times > 1:
        facts.append(f"- Times in a row: {condition.times}")
    facts += [f"- {link.name}: {link.url}" for link in condition.links]
    yield "\n".join(facts)
    if condition.examples:
        yield "Examples:"
        yield _table(condition.examples[:MOST_EXAMPLES])
    if condition.to_do:
        yield f"What to do: {condition.to_do}"


def _days(condition: Condition) -> str:
    named = ", ".join(map(str, condition.days[:MOST_DAYS]))
    left = len(condition.days) - MOST_DAYS
    return f"{named} and {left} more" if left > 0 else named


def _table(rows: tuple[dict[str, object], ...]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = ["| " + " | ".join(_cell(row.get(name)) for name in columns) + " |" for row in rows]
    return "\n".join([f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", *lines])


def _cell(value: object) -> str:
    text = "" if value is None else " ".join(str(value).split()).replace("|", "\\|")
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
