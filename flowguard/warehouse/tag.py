"""On whose behalf a statement is sent, for those who look at the warehouse's history of queries and its bill."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

_run: str | None = None


@contextmanager
def of_run(run_id: str) -> Iterator[None]:
    """Inside, what this process sends is a run's. A run is a process, whose threads all work for it."""
    global _run
    _run = run_id
    try:
        yield
    finally:
        _run = None


def tag(asset: str | None) -> str:
    """The tag of a statement about an asset, None: about several."""
    told = {"application": "flowguard", "run_id": _run, "asset": asset}
    return json.dumps({name: value for name, value in told.items() if value is not None})
