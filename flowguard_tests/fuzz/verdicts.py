"""What decoding says of each record, and the proof that it says something of each exactly once."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import polars as pl

from flowguard.bronze.decode import Decoded, Records
from flowguard.events.rules import Limits

NOW = datetime(2026, 11, 21, 12)
LIMITS = Limits(datetime(2024, 1, 1), "USD", timedelta(minutes=5))

Value = bytes | None


class Verdict(NamedTuple):
    """The stage, rule, field and message that refused a record, and its Bronze row: NULLs where there is none."""

    stage: str | None
    rule: str | None
    field: str | None
    message: str | None
    row: tuple[object, ...] | None


def records(values: Sequence[Value], first: int = 0, arrived: datetime = NOW) -> Records:
    """Records with these values at offsets from ``first``, all of which arrived at the same millisecond."""
    milliseconds = int(arrived.replace(tzinfo=UTC).timestamp() * 1000)
    offsets = range(first, first + len(values))
    return Records("topic", 1, 0, arrived.date(), values, offsets, [milliseconds] * len(values))


def verdicts(decoded: Decoded, values: Sequence[Value], first: int = 0) -> list[Verdict]:
    """The verdict on each record of ``records(values, first)``.

    Each is a row or an entry of stage bronze, once and with its bytes; a row that breaks a rule is an entry, too.
    """
    rows = {row[decoded.rows.columns.index("_offset")]: row for row in decoded.rows.rows()}
    refusals = decoded.quarantine.select("_offset", "stage", "rule", "field", "message").rows()
    unread = decoded.quarantine.filter(pl.col("stage") == "bronze")
    kept = pl.concat([decoded.rows.select("_offset", "payload"), unread.select("_offset", "payload")])
    expected = list(enumerate(values, first))
    assert sorted(kept.rows(), key=lambda row: int(row[0])) == expected
    broken = decoded.rows.filter(pl.col("_rule").is_not_null()).select("_offset", "_rule").rows()
    assert broken == [(offset, rule) for offset, stage, rule, *_ in refusals if stage == "silver"]
    told = {offset: refusal for offset, *refusal in refusals}
    assert len(told) == len(refusals)
    assert all(message and len(message) <= 500 and "\0" not in message for *_, message in told.values())
    nothing = (None, None, None, None)
    return [Verdict(*told.get(offset, nothing), rows.get(offset)) for offset, _ in expected]
