"""What must be in the tables, whatever happens."""

from typing import NamedTuple

import polars as pl

from flowguard.settings import Settings


class Undisturbed(NamedTuple):
    """The tables of a home that ingested the topics of these settings without any fault."""

    settings: Settings
    tables: dict[str, pl.DataFrame]
