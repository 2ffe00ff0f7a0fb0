"""What is in the tables against what must be."""

from typing import NamedTuple

import polars as pl

from flowguard.local.shoppers import Account
from flowguard.models.registry import BY_NAME
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse

SIDE = "side"


class Comparison(NamedTuple):
    """One thing compared; ``differing`` holds the rows of either side, with the column ``side``."""

    name: str
    rows: int
    differing: pl.DataFrame

    @property
    def equal(self) -> bool:
        return self.differing.is_empty()


def differing_rows(expected: pl.DataFrame, found: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """The rows that only one of two frames has, NULL equal to NULL, side by side by their keys."""
    found = found.select(pl.col(name).cast(dtype) for name, dtype in expected.schema.items())
    columns = expected.columns

    def only_in(one: pl.DataFrame, other: pl.DataFrame, side: str) -> pl.DataFrame:
        return one.join(other, on=columns, how="anti", nulls_equal=True).select(pl.lit(side).alias(SIDE), *columns)

    doubled = found.filter(found.is_duplicated()).select(pl.lit("found twice").alias(SIDE), *columns)
    sides = [only_in(expected, found, "expected"), only_in(found, expected, "found"), doubled]
    return pl.concat(sides).sort(*keys, SIDE)


def compare(account: Account, warehouse: Warehouse, settings: Settings, perhaps_twice: int = 0) -> list[Comparison]:
    """GOLD, quarantine and duplicates against the simulator's account.

    ``perhaps_twice``: how many events may have been stored once more than meant.
    """
    tables = [
        Comparison(
            f"gold.{name}",
            expected.height,
            differing_rows(
                expected,
                warehouse.query(f"SELECT {', '.join(expected.columns)} FROM gold.{name}"),
                list(BY_NAME[f"gold.{name}"].keys),
            ),
        )
        for name, expected in account.tables().items()
    ]
    counts = [
        _counts("quarantined", _refused(account), _quarantined(warehouse), perhaps_twice),
        _counts("duplicates", _repeated(account, settings), _duplicates(warehouse), perhaps_twice),
    ]
    return [*tables, *counts]


def _counts(name: str, expected: pl.DataFrame, found: pl.DataFrame, perhaps_twice: int) -> Comparison:
    """Counts by their keys, where some events may have been stored once more than meant."""
    keys = [column for column in expected.columns if column != "records"]
    both = expected.join(found, on=keys, how="full", coalesce=True, suffix="_found").fill_null(0)
    surplus = both["records_found"] - both["records"]
    excused = 0 if not perhaps_twice else min(perhaps_twice, max(int(surplus.sum()), 0))
    wrong = both.filter((surplus < 0) | (surplus > excused))
    return Comparison(name, expected.height, wrong.select(pl.lit("both").alias(SIDE), *wrong.columns).sort(*keys))


def _refused(account: Account) -> pl.DataFrame:
    rows = [(stage, rule, count) for (stage, rule), count in account.refused.items()]
    return pl.DataFrame(rows, schema={"stage": pl.String, "rule": pl.String, "records": pl.Int64}, orient="row")


def _quarantined(warehouse: Warehouse) -> pl.DataFrame:
    return warehouse.query("SELECT stage, rule, COUNT(*) AS records FROM ops.quarantine GROUP BY stage, rule")


def _repeated(account: Account, settings: Settings) -> pl.DataFrame:
    names = {"orders": settings.orders_topic, "clicks": settings.clicks_topic}
    rows = [(names[kind], count) for kind, count in account.duplicates.items()]
    return pl.DataFrame(rows, schema={"topic": pl.String, "records": pl.Int64}, orient="row")


def _duplicates(warehouse: Warehouse) -> pl.DataFrame:
    return warehouse.query(
        "SELECT topic, CAST(SUM(duplicates) AS BIGINT) AS records FROM gold.flow_ledger "
        "GROUP BY topic HAVING SUM(duplicates) > 0"
    )
