"""What the commands share: the application they register with, the option ``--home``, where they write."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from flowguard.errors import FlowGuardError

console = Console(highlight=False)
"""For results."""
remarks = Console(stderr=True, highlight=False)
"""For progress and errors, so that results can be piped."""

Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        help="Directory that holds warehouse, broker and Dagster's storage.  [default: FLOWGUARD_HOME, or .flowguard]",
        show_default=False,
    ),
]


def day_option(name: str, help: str, show_default: bool | str = False) -> Any:
    """An option that takes a UTC day."""
    return typer.Option(name, help=help, formats=["%Y-%m-%d"], metavar="DAY", show_default=show_default)


class _OneLineErrors(TyperGroup):
    """An error that was raised on purpose is told in its own words, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except FlowGuardError as error:
            remarks.print(f"flowguard: {error}", markup=False, soft_wrap=True, style="red")
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=_OneLineErrors,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Guard the flow: click and order events become tables that people trust, every event accounted for.",
)


@app.callback()
def _always_with_a_command() -> None:
    """Without it, typer would make a single command the whole application."""
