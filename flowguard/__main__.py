"""``python -m flowguard``: the command line."""

from flowguard.cli.main import app

app()
