"""A database of the tests' own on the Snowflake account that FLOWGUARD_SNOWFLAKE_* names; gone at their end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from flowguard.errors import FlowGuardError
from flowguard.settings import Settings, load_settings
from flowguard.warehouse.snowflake.connection import arguments, connect
from flowguard.warehouse.snowflake.errors import translated

WHAT_TO_SET = (
    "tests on a Snowflake account need FLOWGUARD_SNOWFLAKE_ACCOUNT, FLOWGUARD_SNOWFLAKE_USER and "
    "FLOWGUARD_SNOWFLAKE_PRIVATE_KEY or _TOKEN, see docs/snowflake.md"
)


@contextmanager
def database_on_account(folder: Path) -> Iterator[Settings]:
    """A home whose tables are in a new database. Its role has to have CREATE DATABASE on the account."""
    account = load_settings(folder / "home", warehouse="snowflake")
    name = f"FLOWGUARD_TEST_{uuid4().hex[:12]}".upper()
    _run(account, f"CREATE TRANSIENT DATABASE {name}")
    try:
        yield account.model_copy(update={"snowflake_database": name})
    finally:
        _run(account, f"DROP DATABASE {name}")


def _run(account: Settings, statement: str) -> None:
    with translated(), connect(account) as connection:
        connection.cursor().execute(statement)


def what_is_missing() -> str | None:
    """Why no account can be reached, in one line; None if there is all that a login needs."""
    try:
        arguments(load_settings(warehouse="snowflake"))
    except FlowGuardError as error:
        return f"{WHAT_TO_SET}: {error}"
    return None
