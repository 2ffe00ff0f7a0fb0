from pathlib import Path

import yaml

from flowguard.local import dagster_home
from flowguard.settings import load_settings

ROOT = Path(__file__).parents[2]


def test_the_files_of_the_repository_reach_the_home_at_every_start(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    dagster_home.prepare(settings)
    (settings.dagster_home / "dagster.yaml").write_text("that of an older version")
    assert dagster_home.prepare(settings) == settings.dagster_home / "workspace.yaml"
    for name in ("dagster.yaml", "workspace.yaml"):
        assert (settings.dagster_home / name).read_text() == (ROOT / name).read_text()


def test_the_containers_run_the_same_instance_on_postgres() -> None:
    here = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    there = yaml.safe_load((ROOT / "deploy" / "dagster.yaml").read_text())
    assert there.pop("storage").keys() == {"postgres"}
    assert there == here
