"""A short chaos run; `make chaos MINUTES=…` makes longer ones."""

import os
import secrets
import sys

import pytest

from flowguard_tests.chaos.run import chaos
from flowguard_tests.require import require


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_two_minutes_of_chaos(capsys: pytest.CaptureFixture[str]) -> None:
    """FLOWGUARD_TEST_SEED chooses the faults again that a failed run has printed."""
    require("apache-kafka")
    seed = int(os.environ.get("FLOWGUARD_TEST_SEED") or secrets.randbelow(1_000_000))
    said = [f"seed {seed}"]
    with capsys.disabled():
        sys.stdout.write(f" chaos with seed {seed} ")
    outcome = chaos(2, seed, said.append)
    assert outcome.wrong == [], "\n".join(said)
    assert outcome.once > 500
