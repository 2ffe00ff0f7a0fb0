"""``flowguard quarantine``: what was refused, and what becomes of it. One module a command."""

from flowguard.cli.quarantine import discard, listing, redrive, show

__all__ = ["discard", "listing", "redrive", "show"]
