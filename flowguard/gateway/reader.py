"""Reads the tables beside the gateway's own work: in one thread, each session at most once a second."""

import asyncio
import logging
import time
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import NamedTuple

from flowguard.errors import FlowGuardError, WarehouseBusy
from flowguard.gateway.seen import Seen, question, seen_event
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse, open_warehouse

KEPT_SECONDS = 1.0
"""How long an answer is given again, so that many tabs cost no more than one."""
MOST_WAITING = 32
"""Sessions that wait for the thread; more are told to come back."""
TIMEOUT_SECONDS = 5.0
_log = logging.getLogger(__name__)


class _Asked(NamedTuple):
    at: float
    answer: Future[Seen]

    def is_of_use(self, now: float) -> bool:
        return not self.answer.done() or now < self.at + KEPT_SECONDS


class SessionReader:
    """What is in SILVER of a session. The warehouse is opened, read-only, by the first who asks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._thread = ThreadPoolExecutor(1, "sessions")
        self._asked: OrderedDict[str, _Asked] = OrderedDict()
        self._warehouse: Warehouse | None = None

    async def seen(self, session_id: str) -> Seen:
        """The events of a session whose id has been checked.

        Raises:
            WarehouseBusy: too many wait, or the tables did not answer in time.
            FlowGuardError: there are no tables, or they cannot be read.
        """
        answer = asyncio.wrap_future(self._ask(session_id, time.monotonic()))
        try:
            return await asyncio.wait_for(asyncio.shield(answer), TIMEOUT_SECONDS)
        except TimeoutError:
            raise WarehouseBusy(f"the tables did not answer within {TIMEOUT_SECONDS:.0f} s") from None

    def _ask(self, session_id: str, now: float) -> Future[Seen]:
        while self._asked and not next(iter(self._asked.values())).is_of_use(now):
            self._asked.popitem(last=False)
        known = self._asked.get(session_id)
        if known and known.is_of_use(now):
            return known.answer
        if sum(not asked.answer.done() for asked in self._asked.values()) >= MOST_WAITING:
            raise WarehouseBusy("too many sessions are being read")
        answer = self._thread.submit(self._read, session_id)
        self._asked[session_id] = _Asked(now, answer)
        self._asked.move_to_end(session_id)
        return answer

    def _read(self, session_id: str) -> Seen:
        sql = question(session_id, datetime.now(UTC).replace(tzinfo=None), self._settings.attribution_window)
        try:
            if self._warehouse is None:
                self._warehouse = open_warehouse(self._settings, read_only=True)
            return Seen([seen_event(row) for row in self._warehouse.query(sql).iter_rows(named=True)])
        except Exception as error:  # whatever the engine says
            self._let_go()  # the next one opens it anew: the home may be another now
            if isinstance(error, FlowGuardError):
                raise
            _log.warning("a session cannot be read: %s", error)
            raise WarehouseBusy(f"the tables cannot be read: {error}") from error

    async def close(self) -> None:
        """Finish what is being read, then let go."""
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)
        self._let_go()

    def _let_go(self) -> None:
        if self._warehouse is not None:
            self._warehouse.close()
            self._warehouse = None
