"""``flowguard checks``: what fails, and what a person decides about it, on real tables."""

import json
from datetime import date

import pytest
from click.testing import Result
from typer.testing import CliRunner

from flowguard.checks.registry import checks_of
from flowguard.cli.main import app
from flowguard.rounds.evaluation import evaluate
from flowguard.rounds.failures import record
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse
from flowguard_tests.gold.shop import Shop, order

DAY = "2026-11-20"
PLACE = ("silver.orders_cleaned", "rows_valid", DAY)


@pytest.fixture
def broken(home: Settings, warehouse: Warehouse) -> Settings:
    """An order without a price on a day, which its checks have seen."""
    Shop(home, warehouse).tell(order("ann", f"{DAY} 12:00"))
    with warehouse.session() as session, session.transaction():
        session.execute("UPDATE silver.orders_cleaned SET price = 0")
    [check] = [check for check in checks_of([PLACE[0]]) if check.name == PLACE[1]]
    record(warehouse, [evaluate(warehouse, check, [date.fromisoformat(DAY)])], "a run")
    return home


def flowguard(home: Settings, *words: str) -> Result:
    return CliRunner().invoke(app, ["checks", *words, "--home", str(home.home)])


def listed(home: Settings) -> list[dict[str, object]]:
    result = flowguard(home, "list", "--format", "json")
    assert result.exit_code == 0, result.stderr
    found: list[dict[str, object]] = json.loads(result.stdout)
    return found


def test_what_fails_is_listed_and_shown_with_its_rows_and_query(broken: Settings) -> None:
    [row] = listed(broken)
    assert (row["table"], row["check"], row["day"], row["severity"], row["rows"], row["gold"]) == (
        *(*PLACE, "ERROR", 1),
        "held",
    )
    shown = flowguard(broken, "show", *PLACE)
    assert shown.exit_code == 0
    for part in ("failing rows 1", "by run a run", "order_placed/ann/soup", "SELECT", f"CAST('{DAY}' AS DATE)"):
        assert part in shown.stdout
    assert f"GOLD's {DAY} is held back" not in CliRunner().invoke(app, ["status", "--home", str(broken.home)]).stdout


def test_an_override_and_its_undoing(broken: Settings) -> None:
    done = flowguard(broken, "override", *PLACE, "--reason", "a test")
    assert (done.exit_code, done.stdout) == (0, f"{' '.join(PLACE)} is overridden for its 1 failing row.\n")
    [row] = listed(broken)
    assert (row["gold"], row["reason"]) == ("overridden", "a test")
    undone = flowguard(broken, "override", *PLACE, "--undo")
    assert (undone.exit_code, undone.stdout) == (0, f"{' '.join(PLACE)} holds GOLD back again.\n")
    assert listed(broken)[0]["gold"] == "held"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("override", *PLACE), "give either --reason, why GOLD may follow, or --undo"),
        (("override", *PLACE, "--reason", "x", "--undo"), "give either --reason"),
        (("override", *PLACE, "--reason", " "), "the reason is empty"),
        (("override", *PLACE, "--undo"), "is not overridden"),
        (("show", "silver.orders_cleaned", "no_such_check", DAY), "is not failing, as far as it was evaluated"),
        (("show", PLACE[0], PLACE[1], "2026-11-21"), f"What fails: {' '.join(PLACE)}"),
        (("show", PLACE[0], PLACE[1], "yesterday"), "does not match the format"),
    ],
)
def test_what_cannot_be_meant_is_refused(broken: Settings, words: tuple[str, ...], error: str) -> None:
    before = listed(broken)
    refused = flowguard(broken, *words)
    assert refused.exit_code != 0
    assert error in refused.output + str(refused.exception)
    assert listed(broken) == before
