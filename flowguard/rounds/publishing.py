"""Attributed orders go to Kafka as they change, beside ingestion and never in its way.

What is to be published stands in the outbox, in sequence. Kafka keeps the sequence up to which it is done, in the same
transaction as the records; the home keeps a copy of it, so that little is looked at and nothing is forgotten when
Kafka forgets the group.
"""

import logging
import time
from collections.abc import Callable
from contextlib import closing
from threading import Event, Thread
from types import TracebackType
from typing import NamedTuple, Self
from uuid import uuid4

import polars as pl
from polars import selectors

from flowguard.errors import FlowGuardError
from flowguard.faults import crash_point
from flowguard.kafka.publisher import Publisher
from flowguard.kafka.sender import Record
from flowguard.models.frame import frame
from flowguard.models.ops import PUBLISHER
from flowguard.models.scope import covered, spans
from flowguard.rounds.chunk import now
from flowguard.settings import Settings
from flowguard.warehouse import Session, Warehouse

MOST_AT_ONCE = 5_000
"""Changes in one transaction of Kafka."""
LOOK_AGAIN_SECONDS = 2.0
"""How soon a change is seen that another process made."""
COPY_SECONDS = 30.0
_log = logging.getLogger(__name__)

_WHO = "SELECT producer_id, sequence FROM ops.publisher"
_PENDING = """
SELECT order_id, order_timestamp, user_id, model, revision, digest, sequence
FROM ops.outbox
WHERE sequence > {after} AND model IN ({models})
ORDER BY sequence
LIMIT {limit}
"""
# Of a retracted order nothing is left but its name: no click, and no credit.
_RECORDS = """
SELECT
    pending.sequence, pending.order_id, pending.user_id, attributed.item_id, attributed.category,
    pending.order_timestamp, attributed.price, attributed.click_event_id, attributed.clicked_item_id,
    attributed.clicked_category, attributed.same_item, attributed.click_timestamp, attributed.seconds_to_order,
    pending.model, COALESCE(attributed.credit, CAST(0 AS DECIMAL(9, 6))) AS credit, pending.revision
FROM pending
LEFT JOIN (SELECT * FROM silver.attributed_orders WHERE {scopes}) AS attributed
    ON attributed.order_id = pending.order_id AND attributed.order_timestamp = pending.order_timestamp
    AND attributed.model = pending.model
ORDER BY pending.sequence
"""


class Pending(NamedTuple):
    """Changes in sequence, and the sequence that is reached when they are published."""

    records: list[Record]
    sequence: int


class Outlet:
    """Publishes what is pending. Used by one thread."""

    def __init__(self, settings: Settings, warehouse: Warehouse) -> None:
        self._settings, self._warehouse = settings, warehouse
        self._publisher: Publisher | None = None
        self._reached = self._copied = 0
        self._copied_at = time.monotonic()

    def publish(self) -> int:
        """Publish everything that is pending; how many changes that were.

        Raises:
            BrokerUnavailable: Kafka did not answer; it is safe to try again.
            Superseded: another process publishes at this moment; it is safe to try again.
        """
        published = 0
        try:
            while (pending := self._next()).records:
                crash_point("publish.read")
                self._open().publish(pending.records, pending.sequence)
                self._reached = pending.sequence
                published += len(pending.records)
                if time.monotonic() - self._copied_at > COPY_SECONDS:
                    self._copy()
        except Exception:
            self.close()
            raise
        return published

    def close(self) -> None:
        """Let go of Kafka; what Kafka has is asked again at the next time."""
        if self._publisher is not None:
            self._publisher.close()
        self._publisher = None

    def finish(self) -> None:
        """Copy how far it is."""
        if self._reached > self._copied:
            self._copy()

    def _next(self) -> Pending:
        with self._warehouse.session() as session:
            reached = _copied(session) if self._publisher is None else self._reached
            if _pending(session, reached, self._settings).is_empty():
                return Pending([], self._reached)
            self._open()
            return _records(session, self._reached, self._settings)

    def _open(self) -> Publisher:
        if self._publisher is None:
            producer_id = _producer_id(self._warehouse, self._settings)
            self._publisher = Publisher(self._settings, self._settings.attributed_topic, producer_id)
            with self._warehouse.session() as session:
                self._copied = _copied(session)
            known = self._publisher.progress()
            self._reached = self._copied if known is None else known
        return self._publisher

    def _copy(self) -> None:
        with self._warehouse.session() as session, session.transaction():
            session.execute(
                f"UPDATE ops.publisher SET sequence = {self._reached}, recorded_at = CAST('{now()}' AS TIMESTAMP)"
            )
        self._copied, self._copied_at = self._reached, time.monotonic()
        crash_point("publish.copied")


class Publishing:
    """A thread that publishes while the block lasts, and at its end, unless that is an error. Its failures are told and
    tried again: they must not stop ingestion, and nothing is lost by them."""

    def __init__(self, settings: Settings, warehouse: Warehouse) -> None:
        self._outlet = Outlet(settings, warehouse)
        self._news, self._stop, self._failed = Event(), Event(), Event()
        self._thread = Thread(target=self._run, name="publishing", daemon=True)

    def tell(self) -> None:
        """There may be something to publish."""
        self._news.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._failed.set()
        self._stop.set()
        self._news.set()
        self._thread.join()

    def _run(self) -> None:
        with closing(self._outlet):
            while not self._stop.is_set():
                self._news.wait(LOOK_AGAIN_SECONDS)
                self._news.clear()
                if not _attempt(self._outlet.publish):
                    self._stop.wait(LOOK_AGAIN_SECONDS)
            if not self._failed.is_set() and _attempt(self._outlet.publish):
                _attempt(self._outlet.finish)


def _attempt(work: Callable[[], object]) -> bool:
    try:
        work()
    except FlowGuardError as error:
        _log.warning("attributed orders are published later: %s", error)
        return False
    except Exception:
        _log.exception("attributed orders could not be published")
        return False
    return True


def _copied(session: Session) -> int:
    known = session.query(_WHO)
    return int(known["sequence"][0]) if known.height else 0


def _producer_id(warehouse: Warehouse, settings: Settings) -> str:
    """The name under which this home publishes, for ever: another home's progress is not its own."""
    with warehouse.session() as session:
        if (known := session.query(_WHO)).height:
            return str(known["producer_id"][0])
        with session.transaction():
            if (known := session.query(_WHO)).is_empty():
                row = (f"{settings.consumer_group}-{uuid4().hex}", 0, now())
                session.insert(PUBLISHER, frame(PUBLISHER, [row]))
        return str(session.query(_WHO)["producer_id"][0])


def _pending(session: Session, after: int, settings: Settings) -> pl.DataFrame:
    models = ", ".join(f"'{model}'" for model in settings.published_models) or "NULL"
    return session.query(_PENDING.format(after=after, models=models, limit=MOST_AT_ONCE))


def _records(session: Session, after: int, settings: Settings) -> Pending:
    """The next changes, each as it is in the table at one instant."""
    with session.snapshot():
        pending = _pending(session, after, settings)
        if pending.is_empty():
            return Pending([], after)
        session.keep("pending", pending)
        bounds = covered(spans(pending["order_timestamp"]), "order_timestamp", "order_date")
        rows = session.query(_RECORDS.format(scopes=bounds))
    told = rows.drop("sequence").with_columns(
        selectors.decimal().cast(pl.String), selectors.datetime().dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    )
    keys = told["order_id"].cast(pl.Binary)
    values = told.to_struct().struct.json_encode().cast(pl.Binary)
    return Pending(list(map(Record, keys, values)), rows["sequence"][-1])
