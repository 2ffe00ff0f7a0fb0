"""``flowguard alerts``: what people had to know, and whether they can be told. One module a command."""

from flowguard.cli.alerts import listing, show, test

__all__ = ["listing", "show", "test"]
