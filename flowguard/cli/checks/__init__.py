"""``flowguard checks``: what fails now, and what a person decides about it. One module a command."""

from flowguard.cli.checks import listing, override, show

__all__ = ["listing", "override", "show"]
