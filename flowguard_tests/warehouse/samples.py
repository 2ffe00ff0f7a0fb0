"""Rows to write."""

from datetime import date, datetime

import polars as pl

from flowguard.bronze.tables import CLICKS_RAW
from flowguard.models.ops import DIRTY_DAYS

DAY = date(2026, 11, 20)
COUNT = f"SELECT COUNT(*) FROM {DIRTY_DAYS.full_name}"


def dirty(*versions: int) -> pl.DataFrame:
    rows = [("silver.orders_cleaned", DAY, version) for version in versions]
    return pl.DataFrame(rows, schema={"table_name": pl.String, "day": pl.Date, "version": pl.Int64}, orient="row")


def clicks(*offsets: int) -> pl.DataFrame:
    row = {
        "event_id": "e", "event_type": "click", "user_id": "u", "session_id": None, "item_id": "i", "item_name": "i",
        "category": "c", "page": None, "position": None, "event_timestamp": datetime(2026, 11, 20, 12),
        "schema_version": 1, "_rule": None, "_unknown_fields": 0, "payload": b"\0\xff" * 50_000, "_topic": "clicks.v1",
        "_generation": 1, "_partition": 0, "_arrived_at": datetime(2026, 11, 20, 12), "_arrival_date": DAY,
        "_ingested_at": datetime(2026, 11, 20, 12), "_run_id": "run",
    }  # fmt: skip
    rows = [row | {"event_id": f"e{offset}", "_offset": offset} for offset in offsets]
    types = {"session_id": pl.String, "page": pl.String, "_rule": pl.String}
    types |= dict.fromkeys(("position", "schema_version", "_unknown_fields", "_generation", "_partition"), pl.Int32)
    return pl.DataFrame(rows, schema_overrides=types).select(CLICKS_RAW.column_names)
