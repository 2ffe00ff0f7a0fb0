"""How commands open the tables of a home."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from flowguard.settings import Settings, load_settings

if TYPE_CHECKING:
    from flowguard.warehouse import Warehouse


@contextmanager
def reading(home: Path | None) -> Iterator["Warehouse"]:
    """The tables of a home, to be asked only."""
    from flowguard.warehouse import open_warehouse

    with closing(open_warehouse(load_settings(home), read_only=True)) as warehouse:
        yield warehouse


@contextmanager
def writing(home: Path | None) -> Iterator[tuple[Settings, "Warehouse"]]:
    """The tables of a home that is there already: a mistyped --home must not create one."""
    from flowguard.warehouse import open_warehouse

    settings = load_settings(home)
    open_warehouse(settings, read_only=True).close()
    with closing(open_warehouse(settings)) as warehouse:
        yield settings, warehouse
