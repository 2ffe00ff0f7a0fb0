"""What Snowflake is sent for each model and view, as files that show in a review what a change does to it.

After a change that is meant: ``pytest flowguard_tests/warehouse/test_golden.py --rewrite-golden``.
"""

from pathlib import Path

import pytest
import sqlglot

from flowguard.models import render
from flowguard.models.parameters import Parameters
from flowguard.models.registry import MODELS, VIEWS
from flowguard.models.scope import Scope, days
from flowguard.models.table import Model, View
from flowguard.settings import Settings
from flowguard.warehouse.snowflake.dialect import create_view, parse, translate
from flowguard_tests.warehouse.samples import DAY

GOLDEN = Path(__file__).with_name("golden")
MADE = {made.full_name: made for made in (*MODELS, *VIEWS)}
WHOLE = days(DAY, DAY)
SCOPES = {"of a day": WHOLE, "of touched rows": Scope(WHOLE.start, WHOLE.end, touched=True)}
KEPT = {"touched": "SELECT text_0 AS event_id, text_1 AS user_id FROM ops.scratch WHERE relation = '…'"}
DEFAULTS = Parameters(
    *(Settings.model_fields[name].default for name in ("duplicate_window", "attribution_window", "attribution_models"))
)


def text_of(made: Model | View) -> str:
    if isinstance(made, View):
        return pretty(create_view(made))
    scopes = SCOPES if made.instant else {"of a day": WHOLE}
    selects = {name: render.select(made, scope, DEFAULTS) for name, scope in scopes.items()}
    return "\n".join(f"-- {name}\n{pretty(translate(parse(select), KEPT))}" for name, select in selects.items())


def pretty(sent: str) -> str:
    shown = sqlglot.parse_one(sent, read="snowflake").sql("snowflake", pretty=True)
    return shown.replace("TIMESTAMPNTZ", "TIMESTAMP_NTZ") + ";\n"


@pytest.mark.parametrize("name", MADE)
def test_what_snowflake_is_sent_is_what_was_reviewed(name: str, request: pytest.FixtureRequest) -> None:
    file, text = GOLDEN / f"{name}.sql", text_of(MADE[name])
    if request.config.getoption("rewrite_golden"):
        file.write_text(text)
    assert text == file.read_text()


def test_there_is_no_text_of_what_is_gone() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == set(MADE)
