"""The kill matrix: a process is killed at each crash point, another one carries on, and all tables are as if nothing
had happened."""

import re
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

import flowguard
from flowguard.faults import CRASH_POINTS
from flowguard.settings import Settings
from flowguard_tests.faults.processes import finish, killed_at
from flowguard_tests.faults.undisturbed import Undisturbed
from flowguard_tests.rounds.flow import contents, opened
from flowguard_tests.rounds.published import assert_published_once

STAGES = {
    "ingest": ("round.", "silver.", "attribution."),
    "publish": ("publish.",),
    "refresh": ("gold.",),
    "maintain": ("maintenance.",),
}
"""By the worker's work, the crash points on its way. The others have tests of their own."""
ELSEWHERE = ("alert.", "redrive.", "backfill.", "acceptance.", "spark.")
SMOKE = ("ducklake", "ingest", "round.dirty", 2)
"""In every run of the tests; the others are in `make test-faults`."""
PASSES = {"ingest": (0, 2), "publish": (0, 1), "refresh": (0, 1), "maintain": (0, 1, 2, 3, 4)}
ON_STAGE = {"stage.put": 15, "stage.copied": 15}
"""Steps that only Snowflake has, many times a round, with the passes that lead into the second."""

MATRIX = [
    *(
        ("ducklake", work, point, passes)
        for work, prefixes in STAGES.items()
        for point in CRASH_POINTS
        if point.startswith(prefixes)
        for passes in PASSES[work]
    ),
    *(
        ("snowflake", work, point, 1)
        for work in ("ingest", "refresh")
        for point in CRASH_POINTS
        if point.startswith(STAGES[work])
    ),
    *(("snowflake", "ingest", point, passes) for point, passes in ON_STAGE.items()),
]


@pytest.mark.timeout(900)  # fakesnow is slow
@pytest.mark.parametrize(
    ("home", "work", "point", "passes"),
    [pytest.param(*case, marks=() if case == SMOKE else pytest.mark.faults) for case in MATRIX],
    indirect=["home"],
)
def test_a_kill_changes_nothing(home: Settings, undisturbed: Undisturbed, work: str, point: str, passes: int) -> None:
    if work == "publish":
        finish(home, "ingest_only")
    elif work != "ingest":
        finish(home, "ingest")
    assert killed_at(home, work, point, passes), f"{work} never came to {point} {passes + 1} times"
    finish(home, work)
    finish(home, "publish")
    with opened(home) as warehouse:
        assert_published_once(home, warehouse)
        for table, rows in contents(home, warehouse).items():
            assert_frame_equal(rows, undisturbed.tables[table])


def test_every_crash_point_is_reached_by_some_test_and_exists() -> None:
    sources = "".join(file.read_text() for file in Path(flowguard.__file__).parent.rglob("*.py"))
    assert set(re.findall(r'crash_point\("([\w.]+)"\)', sources)) == set(CRASH_POINTS)
    covered = (*ELSEWHERE, *ON_STAGE, *(prefix for prefixes in STAGES.values() for prefix in prefixes))
    assert [name for name in CRASH_POINTS if not name.startswith(covered)] == []
