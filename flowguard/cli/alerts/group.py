"""The group of the commands about alerts."""

import typer

from flowguard.cli.app import app

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="List alerts, show one, or send a test message.")
app.add_typer(group, name="alerts")
