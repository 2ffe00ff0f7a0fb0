"""On whose behalf a statement is sent, for those who look at the warehouse's history of queries and its bill."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_run: str | None = None
_asset: ContextVar[str | None] = ContextVar("asset", default=None)


@contextmanager
def of_run(run_id: str) -> Iterator[None]:
    """Inside, what this process sends is a run's. A run is a process, whose threads all work for it."""
    global _run
    _run = run_id
    try:
        yield
    finally:
        _run = None


@contextmanager
def about(asset: str) -> Iterator[None]:
    """Inside, what this thread sends is about an asset, whatever tables the statements name."""
    before = _asset.set(asset)
    try:
        yield
    finally:
        _asset.reset(before)


def run() -> str | None:
    """The id of the run that this process is, if it is one."""
    return _run


def tag(asset: str | None) -> str:
    """The tag of a statement about an asset, None: about several."""
    told = {"application": "flowguard", "run_id": _run, "asset": _asset.get() or asset}
    return json.dumps({name: value for name, value in told.items() if value is not None})


def asset_of(tag: str) -> str | None:
    """The asset that a tag names."""
    asset: str | None = json.loads(tag).get("asset")
    return asset
