"""One future for all records of a request."""

from asyncio import Future

from flowguard.gateway.sink import Outcome


class Countdown:
    """Resolves its future with all outcomes once the last of them is known."""

    __slots__ = ("_outcomes", "_remaining", "future")

    def __init__(self, future: "Future[list[Outcome]]", records: int) -> None:
        self.future = future
        self._outcomes = [Outcome.UNKNOWN] * records
        self._remaining = records
        if not records:
            future.set_result([])

    def settle(self, index: int, outcome: Outcome) -> None:
        """Set the outcome of one record, once."""
        self._outcomes[index] = outcome
        self._remaining -= 1
        if not self._remaining and not self.future.done():  # done: the one who waited was cancelled
            self.future.set_result(self._outcomes)
