"""Every model's rows of a home, by Spark and by DuckDB."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as parquet
from polars.testing import assert_frame_equal

from flowguard.gold.tables import GOLD
from flowguard.models import render
from flowguard.models.frame import frame
from flowguard.models.registry import MODELS
from flowguard.models.scope import Scope
from flowguard.models.table import Model
from flowguard.rounds import attribution
from flowguard.settings import Settings
from flowguard.silver.tables import ATTRIBUTED_ORDERS, SILVER
from flowguard.spark.plan import Plan
from flowguard.spark.planning import plan_of
from flowguard.warehouse import Session, open_warehouse

Tables = dict[str, pl.DataFrame]
Run = Callable[[Plan], list[dict[str, Any]]]
"""Does a plan by Spark, and gives what was told of its steps."""
_SELECT = "SELECT * FROM {model.full_name} WHERE {of}"


def assert_equal_tables(settings: Settings, scopes: Sequence[Scope], run: Run, folder: Path) -> Tables:
    """Every model's rows of scopes are the same by DuckDB and by Spark from one snapshot; gives them by full name."""
    with closing(open_warehouse(settings)) as warehouse, warehouse.session() as session:
        told = run(plan_of(session, settings, dict.fromkeys(MODELS, scopes), folder))
        expected = computed_by_duckdb(session, scopes)
    for model, step in zip(MODELS, told, strict=True):
        name = model.full_name
        found = _rows(model, folder / "out" / name)
        assert_frame_equal(found.sort(*model.keys), expected[name].sort(*model.keys)), name
        assert (step["table"], step["rows"]) == (name, found.height)
    return expected


def computed_by_duckdb(session: Session, scopes: Sequence[Scope]) -> Tables:
    """Every model's rows of scopes, by full name, rebuilt in the home."""
    with session.transaction():
        for model in (model for model in SILVER if model is not ATTRIBUTED_ORDERS):
            _rebuild(session, model, scopes)
        attribution.rebuild(session, scopes)
        for model in GOLD:
            _rebuild(session, model, scopes)
    return {model.full_name: session.query(_SELECT.format(model=model, of=_of(model, scopes))) for model in MODELS}


def _rebuild(session: Session, model: Model, scopes: Sequence[Scope]) -> None:
    for scope in scopes if model.day else scopes[:1]:
        session.rebuild(model, scope)


def _of(model: Model, scopes: Sequence[Scope]) -> str:
    return " OR ".join(f"({render.in_scope(model, scope)})" for scope in scopes)


def _rows(model: Model, folder: Path) -> pl.DataFrame:
    """What the files of a step hold."""
    schema = frame(model, []).schema
    found = [_of_file(model, file) for file in sorted(folder.rglob("*.parquet"))]
    for rows in found:
        assert rows.schema == schema, "other columns, types or order than the table's"
    return pl.concat([frame(model, []), *found])


def _of_file(model: Model, file: Path) -> pl.DataFrame:
    rows = pl.DataFrame(parquet.ParquetFile(file).read())
    if model.partitioned and model.day:
        assert {f"_day={day}" for day in rows[model.day]} == {file.parent.name}
    return rows
