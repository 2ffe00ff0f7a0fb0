"""What the commands about checks share: their group, and the arguments that name a failure."""

from datetime import datetime
from typing import Annotated

import typer

from flowguard.cli.app import app

group = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Show which checks fail and what GOLD waits for, and let it follow nevertheless.",
)
app.add_typer(group, name="checks")

Table = Annotated[str, typer.Argument(metavar="TABLE", help="Such as silver.orders_cleaned.", show_default=False)]
Check = Annotated[str, typer.Argument(metavar="CHECK", help="Such as rows_valid.", show_default=False)]
Day = Annotated[
    datetime, typer.Argument(metavar="DAY", help="Such as 2026-11-21.", formats=["%Y-%m-%d"], show_default=False)
]
