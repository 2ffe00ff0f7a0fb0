"""``flowguard warehouse``: the tables of Snowflake, made ready."""

from contextlib import closing
from typing import Annotated

import typer

from flowguard.cli.app import Home, app, console
from flowguard.errors import InvalidInput
from flowguard.settings import load_settings

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Make the tables of Snowflake ready.")
app.add_typer(group, name="warehouse")


@group.command()
def init(
    home: Home = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the SQL that would be run.")] = False,
    roles: Annotated[
        bool, typer.Option("--roles", help="Only print what an administrator runs first: role, database, grants.")
    ] = False,
) -> None:
    """Make what the database of FLOWGUARD_SNOWFLAKE_DATABASE lacks, once: schemas, stage, tables, columns, views.

    GOLD that an older version computed otherwise is computed anew. A table with one of our names that is another one's
    is refused before anything is made. Whatever writes to the tables does the same when it starts.
    """
    from flowguard.warehouse import open_warehouse
    from flowguard.warehouse.snowflake.migrations import missing
    from flowguard.warehouse.snowflake.roles import script

    settings = load_settings(home)
    if settings.warehouse != "snowflake":
        raise InvalidInput(
            "there is nothing to make ready: FLOWGUARD_WAREHOUSE is not snowflake, and DuckLake's tables are files "
            "that are created by what writes to them first"
        )
    if roles:
        console.print(script(settings), markup=False, soft_wrap=True, end="")
        return
    if dry_run:
        for statement in missing(settings):
            console.print(f"{statement};", markup=False, soft_wrap=True)
        return
    with closing(open_warehouse(settings)):
        console.print(f"The tables in {settings.snowflake_database} are ready.", markup=False, soft_wrap=True)
