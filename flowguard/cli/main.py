"""``flowguard``: every module of this package registers its command by being imported."""

import importlib
import pkgutil

import flowguard.cli
from flowguard.cli.app import app

__all__ = ["app"]

for module in pkgutil.iter_modules(flowguard.cli.__path__):
    importlib.import_module(f"flowguard.cli.{module.name}")
