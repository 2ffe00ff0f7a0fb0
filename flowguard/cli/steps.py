"""What is being done, while it is being done and afterwards."""

import time

from flowguard.cli.app import remarks


class Steps:
    """A context manager: shows what is being done, and afterwards how long it took."""

    def __init__(self) -> None:
        self._status = remarks.status("")
        self._doing: str | None = None
        self._since = 0.0

    def __enter__(self) -> "Steps":
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self._status.stop()

    def next(self, doing: str) -> None:
        """The step before is done, this one begins."""
        self.end()
        self._doing, self._since = doing, time.monotonic()
        self._status.update(doing)

    def show(self, how_far: str) -> None:
        """How far the step has come."""
        self._status.update(f"{self._doing}: {how_far}")

    def end(self) -> None:
        """The last step is done."""
        if self._doing is not None:
            remarks.print(f"{self._doing} [dim]{time.monotonic() - self._since:.1f} s[/dim]", soft_wrap=True)
        self._doing = None
        self._status.update("")
