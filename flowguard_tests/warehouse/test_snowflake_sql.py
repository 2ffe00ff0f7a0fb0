"""The texts that Snowflake is sent have to parse, and to use only functions that are known there."""

from collections.abc import Iterator

import pytest
import sqlglot
from sqlfluff.core import FluffConfig, Linter
from sqlglot import exp

from flowguard.models import render
from flowguard.models.parameters import Parameters
from flowguard.models.registry import MODELS, TABLES, VIEWS
from flowguard.models.scope import Scope, days
from flowguard.settings import Settings
from flowguard.warehouse.snowflake.dialect import create, parse, translate
from flowguard_tests.warehouse.samples import DAY

LINTER = Linter(config=FluffConfig(overrides={"dialect": "snowflake"}))
WHOLE = days(DAY, DAY)
TOUCHED = Scope(WHOLE.start, WHOLE.end, touched=True)
FUNCTIONS = {
    *(
        "AND",
        "CASE",
        "CAST",
        "COALESCE",
        "CONCAT_WS",
        "COUNT",
        "DATEDIFF",
        "DATE_DIFF",
        "DATEADD",
        "DATE_ADD",
        "EXTRACT",
    ),
    *("FIRST_VALUE", "GREATEST", "IF", "LAG", "LEAD", "LEAST", "LENGTH", "MAX", "MD5", "MIN", "OR", "RANK", "ROUND"),
    *("ROW_NUMBER", "SQRT", "SUM", "TRUNC"),
}


def texts() -> Iterator[tuple[str, str]]:
    fields = Settings.model_fields
    names = ("duplicate_window", "attribution_window", "attribution_models")
    parameters = Parameters(*(fields[name].default for name in names))
    for model in MODELS:
        yield model.full_name, translate(parse(render.select(model, WHOLE, parameters)), {})
        yield f"{model.full_name} deleted", translate(parse(render.delete(model, WHOLE)), {})
        if model.instant:
            kept = {"touched": "SELECT CAST(text_0 AS VARCHAR) AS user_id FROM scratch WHERE relation = 'x'"}
            yield f"{model.full_name} touched", translate(parse(render.select(model, TOUCHED, parameters)), kept)
    for view in VIEWS:
        yield view.full_name, translate(parse(render.create_view(view)), {})
    for table in TABLES:
        yield f"{table.full_name} created", create(table)


TEXTS = dict(texts())


@pytest.mark.parametrize("name", TEXTS)
def test_it_parses(name: str) -> None:
    parsed = LINTER.parse_string(TEXTS[name])
    assert [str(violation) for violation in parsed.violations] == []
    assert "unparsable" not in parsed.tree.type_set()  # type: ignore[union-attr]


@pytest.mark.parametrize("name", TEXTS)
def test_only_known_functions_are_used(name: str) -> None:
    tree = sqlglot.parse_one(TEXTS[name], read="snowflake")
    used = {
        node.name.upper() if isinstance(node, exp.Anonymous) else node.sql_name() for node in tree.find_all(exp.Func)
    }
    assert used - FUNCTIONS == set()
