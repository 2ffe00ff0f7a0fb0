"""`make test-snowflake`, with a fakesnow server in place of an account."""

import re
import subprocess
import sys
from pathlib import Path

from flowguard.settings import PREFIX, Settings, as_environment
from flowguard_tests.warehouse.account import WHAT_TO_SET
from flowguard_tests.warehouse.proxy import proxy_to

ROOT = Path(__file__).parents[2]


def make(environment: dict[str, str], arguments: str) -> "subprocess.CompletedProcess[str]":
    command = ["make", "--silent", "test-snowflake", f"VENV={sys.prefix}", f"ARGS={arguments}"]
    of_a_person = {name: value for name, value in environment.items() if name not in ("MAKEFLAGS", "MFLAGS")}
    return subprocess.run(command, cwd=ROOT, env=of_a_person, capture_output=True, text=True, check=False)


def test_it_makes_a_database_of_its_own_and_drops_it(on_fakesnow: Settings) -> None:
    assert on_fakesnow.snowflake_endpoint
    with proxy_to(on_fakesnow.snowflake_endpoint) as account:
        reached = as_environment(on_fakesnow) | {f"{PREFIX}SNOWFLAKE_ENDPOINT": account.endpoint}
        done = make(reached, "-k 'snowflake and all_or_nothing'")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    [name] = [text.split()[-1] for text in account.sent if text.startswith("CREATE TRANSIENT DATABASE")]
    assert re.fullmatch("FLOWGUARD_TEST_[0-9A-F]{12}", name)
    assert account.sent.index(f"DROP DATABASE {name}") > account.sent.index("COMMIT")


def test_without_an_account_it_says_what_to_set(tmp_path: Path) -> None:
    nobody = {"PATH": "/usr/bin:/bin", f"{PREFIX}HOME": str(tmp_path)}
    done = make(nobody, "")
    assert done.returncode != 0
    [line] = [line for line in done.stderr.splitlines() if line and not line.startswith("make")]
    assert line.startswith(f"ERROR: {WHAT_TO_SET}")
