"""``flowguard reset``: delete what a home holds."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from flowguard.cli.app import Home, app, console
from flowguard.errors import InvalidInput
from flowguard.local.home import CONTENTS, held_locks, is_home
from flowguard.settings import load_settings


@app.command()
def reset(home: Home = None, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Delete a home: all its tables, the broker's records, Dagster's history, logs and fixed settings."""
    directory = load_settings(home).home
    if not is_home(directory):
        raise InvalidInput(f"{directory} is not a FlowGuard home (it has no settings.env); nothing was deleted")
    if held := held_locks(directory):
        names = ", ".join(str(lock.relative_to(directory)) for lock in held)
        raise InvalidInput(
            f"something is at work in {directory} (it holds {names}); stop it first, nothing was deleted"
        )
    if not yes:
        typer.confirm(f"Delete everything that FlowGuard keeps in {directory}?", abort=True)
    left = _delete(directory)
    console.print(f"Deleted what FlowGuard kept in {directory}.", soft_wrap=True)
    if left:
        console.print(f"Left alone, not FlowGuard's: {', '.join(left)}", soft_wrap=True)


def _delete(directory: Path) -> list[str]:
    """Delete FlowGuard's own files only; the names of what is left. The mark of a home goes last."""
    for name in reversed(CONTENTS):
        path = directory / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    left = sorted(path.name for path in directory.iterdir())
    if not left and not directory.is_symlink():
        directory.rmdir()
    return left
