"""Files that belong to FlowGuard and are no Python."""

from pathlib import Path

from flowguard.errors import MissingComponent


def shipped(name: str) -> Path:
    """Where a file is: in a checkout at its place below the root, in an installed package below this folder."""
    here = Path(__file__).parent
    for folder in (here, here.parents[1]):
        if (folder / name).is_file():
            return folder / name
    raise MissingComponent(f"{name} is neither in {here} nor in {here.parents[1]}: install FlowGuard again")
