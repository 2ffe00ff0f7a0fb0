"""Rows as exact text, for programs: decimals as they are, times with a Z, days as 2026-11-21, bytes as base64."""

import json

import polars as pl
from polars import selectors


def exact(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows, with what JSON and CSV cannot hold exactly as text."""
    return rows.with_columns(
        selectors.decimal().cast(pl.String),
        selectors.datetime().dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"),
        selectors.date().cast(pl.String),
        selectors.binary().bin.encode("base64"),
    )


def exact_json(rows: pl.DataFrame, indent: int | None = None) -> str:
    """An array of objects."""
    return json.dumps(exact(rows).to_dicts(), ensure_ascii=False, indent=indent)
