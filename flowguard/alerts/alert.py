"""An alert: a condition from when it was noticed until it is over, as ``ops.alerts`` keeps it."""

from dataclasses import dataclass
from datetime import datetime

OPEN, OVER = "open", "over"


@dataclass(frozen=True)
class Alert:
    """A row of ``ops.alerts``; instants are naive UTC."""

    id: str
    key: str
    kind: str
    severity: str
    state: str
    table_name: str | None
    days: str
    title: str
    text: str
    members: str
    times: int
    revision: int
    began_at: datetime
    noticed_at: datetime
    revised_at: datetime
    absent_since: datetime | None = None
    over_at: datetime | None = None

    @property
    def news(self) -> str:
        """What a receiver has to know of it, in a word that changes whenever there is something to tell."""
        return f"{self.state} {self.revision}"
