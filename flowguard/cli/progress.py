"""A progress bar beside the results."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from flowguard.cli.app import remarks


@contextmanager
def bar(doing: str, total: float, *, of_bytes: bool = False) -> Iterator[Callable[[int], None]]:
    """Shows how much is done; gives the function that is told of each advance."""
    with _progress(of_bytes) as progress:
        task = progress.add_task(doing, total=total)
        yield lambda done: progress.advance(task, done)


@contextmanager
def waiting() -> Iterator[Callable[[int, int, int], None]]:
    """Shows ingestion and GOLD; gives the function that is told of records ingested, records held, days to refresh."""
    with _progress() as progress:
        task = progress.add_task("ingesting", total=None)

        def show(ingested: int, held: int, dirty_days: int) -> None:
            left = f", {dirty_days} days not yet in GOLD" if dirty_days else ""
            progress.update(task, description=f"ingesting{left}", completed=ingested, total=held)

        yield show


def _progress(of_bytes: bool = False) -> Progress:
    amount = DownloadColumn() if of_bytes else MofNCompleteColumn()
    columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), amount, TimeElapsedColumn()
    return Progress(*columns, console=remarks)
