"""The two files that Dagster reads: ``dagster.yaml`` (its instance) and ``workspace.yaml`` (where the code is)."""

import shutil
from pathlib import Path

from flowguard.errors import MissingComponent
from flowguard.settings import Settings

WORKSPACE = "workspace.yaml"
INSTANCE = "dagster.yaml"


def prepare(settings: Settings) -> Path:
    """Put both files into the home's DAGSTER_HOME, as they are today; returns the workspace file."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    for name in (INSTANCE, WORKSPACE):
        shutil.copyfile(_original(name), settings.dagster_home / name)
    return settings.dagster_home / WORKSPACE


def _original(name: str) -> Path:
    """In a checkout at its root, in an installed package beside this file."""
    here = Path(__file__).parent
    for folder in (here, here.parents[1]):
        if (folder / name).is_file():
            return folder / name
    raise MissingComponent(f"{name} is neither in {here} nor in {here.parents[1]}: install FlowGuard again")
