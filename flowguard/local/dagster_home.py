"""The two files that Dagster reads: ``dagster.yaml`` (its instance) and ``workspace.yaml`` (where the code is)."""

import shutil
from pathlib import Path

from flowguard.local.shipped import shipped
from flowguard.settings import Settings

WORKSPACE = "workspace.yaml"
INSTANCE = "dagster.yaml"


def prepare(settings: Settings) -> Path:
    """Put both files into the home's DAGSTER_HOME, as they are today; returns the workspace file."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    for name in (INSTANCE, WORKSPACE):
        shutil.copyfile(shipped(name), settings.dagster_home / name)
    return settings.dagster_home / WORKSPACE
