"""``flowguard alerts test``: whether people can be told."""

import typer

from flowguard.cli.alerts.group import group
from flowguard.cli.app import Home
from flowguard.errors import InvalidSettings
from flowguard.settings import PREFIX, load_settings


@group.command()
def test(home: Home = None) -> None:
    """Send a test message to each of FLOWGUARD_ALERT_URLS, and say which took it."""
    from flowguard.alerts.message import Message
    from flowguard.alerts.receivers import receivers

    settings = load_settings(home)
    if not settings.alert_urls:
        raise InvalidSettings(
            f"{PREFIX}ALERT_URLS is not set, so nobody is told: set it to URLs as apprise writes them, "
            "such as json://host/path or slack://…, separated by commas"
        )
    body = f"This is a test. Nothing is wrong.\n\n- Owner: {settings.owner}\n- Dagster: {settings.webserver_page}"
    failed = False
    for receiver in receivers(settings):
        error = receiver.send(Message("FlowGuard: test", body, "info"))
        typer.echo(f"{receiver.address}: {'taken' if error is None else f'not taken: {error}'}")
        failed |= error is not None
    raise typer.Exit(failed)
