"""The same tables across processes: a master, two workers with their executors, a driver, and Dagster that listens."""

import json
from pathlib import Path
from typing import Any

import pytest
from dagster_pipes import DAGSTER_PIPES_CONTEXT_ENV_VAR, DAGSTER_PIPES_MESSAGES_ENV_VAR, PipesContextData, encode_param

from flowguard.settings import Settings
from flowguard.spark.plan import Plan
from flowguard_tests.require import require
from flowguard_tests.spark.conftest import SMALL
from flowguard_tests.spark.lake import assert_equal_tables
from flowguard_tests.spark.nasty import ALL

CONTEXT: PipesContextData = {
    "asset_keys": None, "code_version_by_asset_key": None, "provenance_by_asset_key": None, "partition_key": None,
    "partition_key_range": None, "partition_time_window": None, "run_id": "run", "job_name": None, "retry_number": 0,
    "extras": {},
}  # fmt: skip


@pytest.mark.faults  # for its length: seven programs in Java
@pytest.mark.timeout(900)
def test_every_table_is_equal_across_a_cluster(nasty_home: Settings, tmp_path: Path) -> None:
    require("spark")
    from flowguard_tests.spark.cluster import standalone_cluster, submit

    with standalone_cluster(tmp_path / "cluster") as cluster:

        def run(plan: Plan) -> list[dict[str, Any]]:
            plan.write(tmp_path / "plan.json")
            pipe = Pipe(tmp_path)
            done = submit(cluster.master, tmp_path / "plan.json", *SMALL, more=pipe.environment)
            assert done.returncode == 0, done.stderr
            told = pipe.custom_messages()
            assert [line.partition(",")[0] for line in done.stdout.splitlines() if line.startswith("step ")] == [
                f"step {number} of {len(told)}: {step['table']}" for number, step in enumerate(told, 1)
            ]
            return told

        assert_equal_tables(nasty_home, ALL, run, tmp_path / "written")
    executors = list((tmp_path / "cluster").glob("worker-*/app-*/*"))
    assert len({executor.parent.parent for executor in executors}) == 2, "one of the workers had nothing to do"


class Pipe:
    """What Dagster gives a process that it launches, and what the process tells it."""

    def __init__(self, folder: Path) -> None:
        context, self._messages = folder / "context.json", folder / "messages"
        context.write_text(json.dumps(CONTEXT))
        self._messages.touch()
        self.environment = {
            DAGSTER_PIPES_CONTEXT_ENV_VAR: encode_param({"path": str(context)}),
            DAGSTER_PIPES_MESSAGES_ENV_VAR: encode_param({"path": str(self._messages)}),
        }

    def custom_messages(self) -> list[dict[str, Any]]:
        messages = [json.loads(line) for line in self._messages.read_text().splitlines()]
        return [found["params"]["payload"] for found in messages if found["method"] == "report_custom_message"]
