"""A fakesnow server of a test's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from flowguard.local import fakesnow as server
from flowguard.local import ready
from flowguard.local.ports import free_port
from flowguard.local.supervisor import Program, Supervisor
from flowguard.settings import Settings, load_settings
from flowguard_tests.require import require
from flowguard_tests.waiting import wait_until


@contextmanager
def fakesnow(folder: Path) -> Iterator[Settings]:
    """A home whose tables are on a server that forgets them at its end. Skips the test where it cannot be had."""
    require("fakesnow")
    require("snowflake")
    port = free_port()
    settings = load_settings(folder / "home", **server.login(folder, port))
    with Supervisor(folder, environment=None) as supervisor:
        supervisor.start(Program("fakesnow", tuple(server.command(folder, port))))
        wait_until(lambda: supervisor.ended() or ready.fakesnow(settings) is None, patience=60)
        assert not supervisor.ended(), supervisor.obituary("fakesnow")
        yield settings


def with_tables_of(settings: Settings, on_snowflake: Settings) -> Settings:
    """The same settings, for the home and the database of others."""
    login = {name: getattr(on_snowflake, name) for name in Settings.model_fields if name.startswith("snowflake_")}
    return settings.model_copy(update=login | {"home": on_snowflake.home, "warehouse": on_snowflake.warehouse})


def in_database_of_its_own(settings: Settings, on_fakesnow: Settings) -> Settings:
    """The same settings, for a new home whose tables are in a new database of the server."""
    own = uuid4().hex[:12]
    new = {"home": on_fakesnow.home.with_name(own), "snowflake_database": f"HOME_{own}".upper()}
    return with_tables_of(settings, on_fakesnow).model_copy(update=new)
