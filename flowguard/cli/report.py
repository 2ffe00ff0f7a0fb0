"""``flowguard report``: the report on a day, written now."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Annotated

from flowguard.cli.app import Home, app, console, day_option
from flowguard.settings import load_settings


@app.command()
def report(
    home: Home = None,
    day: Annotated[
        datetime | None,
        day_option("--day", "A UTC day, such as 2026-11-21.", show_default="yesterday"),
    ] = None,
) -> None:
    """Write the report on a UTC day as it stands now, and say where it is.

    Dagster makes the report on yesterday every day, and on any day that is materialized of gold/daily_report.
    """
    from flowguard.report.daily import compose
    from flowguard.report.files import write
    from flowguard.warehouse import open_warehouse

    settings = load_settings(home)
    chosen = (day or datetime.now(UTC) - timedelta(days=1)).date()
    with closing(open_warehouse(settings, read_only=True)) as warehouse:
        made = compose(warehouse, settings, chosen)
    files = write(made, settings.home)
    console.print(made.headline, markup=False, soft_wrap=True)
    for file in files:
        console.print(str(file), markup=False, soft_wrap=True)
