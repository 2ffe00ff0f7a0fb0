"""What the account's tables are made of: figures rounded half away from zero, and typed frames."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

import polars as pl

MONEY = pl.Decimal(18, 2)
RATE = pl.Decimal(18, 4)
_TYPES = {
    **dict.fromkeys(("item_id", "item_name", "category", "user_id", "session_id"), pl.String),
    **dict.fromkeys(("date", "cohort_week"), pl.Date),
}


def money(value: Decimal) -> Decimal:
    """A sum of money, or a mean, in cents."""
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def percent(part: int, whole: int) -> Decimal | None:
    """Percent with 4 decimals; None of nothing."""
    return ratio(100 * part, whole)


def ratio(part: int, whole: int) -> Decimal | None:
    """A ratio with 4 decimals; None of nothing."""
    return (Decimal(part) / whole).quantize(Decimal("0.0001"), ROUND_HALF_UP) if whole else None


def frame(rows: Sequence[Mapping[str, object]], columns: str, decimals: dict[str, pl.Decimal]) -> pl.DataFrame:
    """Rows as a frame with the columns; those that are neither texts, days nor decimals are whole numbers."""
    schema = {name: decimals.get(name) or _TYPES.get(name, pl.Int64) for name in columns.split()}
    return pl.DataFrame(rows, schema=schema, orient="row")
