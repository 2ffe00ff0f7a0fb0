"""A small shop in which everything has happened that may happen, brought into the tables by real rounds."""

import json
from datetime import date, datetime
from typing import Any

import duckdb

from flowguard.models.frame import frame
from flowguard.models.ops import INGEST_RANGES
from flowguard.models.registry import TABLES
from flowguard.rounds import gold
from flowguard.rounds.changes import mark_dirty
from flowguard.rounds.commit import commit
from flowguard.rounds.discard import discard
from flowguard.rounds.entries import Selection
from flowguard.rounds.redrive import redrive
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse
from flowguard_tests.rounds.histories import Feeder, Sent

DAYS = tuple(date(2026, 11, day) for day in range(18, 24))
"""Nothing happened on the first and on the last two of them; something was redriven on a day far before."""
_NEXT_DAY = 24 * 3_600_000


def _event(kind: str, user: str, at: str, **fields: Any) -> bytes:
    name = "/".join((kind, user, at))
    known = {
        "event_id": name, "event_type": kind, "user_id": user, "event_timestamp": f"{at.replace(' ', 'T')}:00Z",
        "session_id": f"session-{user}", "page": "menu", "position": 1, "item_id": "soup", "category": "warm",
    }  # fmt: skip
    return json.dumps(known | fields).encode()


def _order(order_id: str, user: str, at: str, price: str, **fields: Any) -> bytes:
    return _event("order_placed", user, at, order_id=order_id, price=price, **fields)


_FIRST_DAY = {
    "orders.v1": [
        _order("o1", "ann", "2026-11-20 12:10", "10.00"),
        _order("o2", "bob", "2026-11-20 13:00", "5.00", item_id="pie", category="sweet"),
        _order("o1", "ann", "2026-11-20 12:10", "10.00"),
        _order("o3", "ann", "2026-11-20 14:00", "-1"),
        b"junk",
        _order("o4", "cleo", "2026-11-19 23:50", "7.00"),
    ],
    "clicks.v1": [
        _event("impression", "ann", "2026-11-20 12:00"),
        _event("click", "ann", "2026-11-20 12:05"),
        _event("click", "ann", "2026-11-20 12:08", item_id="pie", category="sweet"),
        _event("click", "ann", "2026-11-20 12:05"),
        _event("click", "cleo", "2026-11-19 23:45"),
        b"junk",
    ],
}
_SECOND_DAY = {
    "orders.v1": [
        _event("order_refunded", "ann", "2026-11-21 09:00", order_id="o1", price="10.00"),
        _order("o5", "ann", "2026-11-21 00:10", "4.00"),
        _order("o6", "dan", "2026-10-01 12:00", "3.00"),
        b"more junk",
    ],
    "clicks.v1": [
        _event("click", "ann", "2026-11-20 23:55"),
        _event("click", "dan", "2026-11-21 10:00"),
        _event("impression", "dan", "2026-10-01 11:00"),
    ],
}
_REPORT = """
INSERT INTO gold.daily_report VALUES
    (DATE '2026-11-20', 'A day', 'text', 'reports/2026-11-20.html', TIMESTAMP '2026-11-21 06:00:00')
"""
_GAP = ("clicks.v1", 1, 1, 0, 7, "accepted_gap", date(2026, 11, 21), 0, 0, 0, None, None, "expired", "run")


def live_through(settings: Settings, warehouse: Warehouse) -> None:
    """Duplicates, a late refund, orders with and without clicks, refused, discarded and redriven records, a gap."""
    strict = settings.model_copy(update={"start_date": date(2026, 11, 1)})
    feeder = Feeder(strict, warehouse)
    for lag, day in ((0, _FIRST_DAY), (_NEXT_DAY, _SECOND_DAY)):
        sent = [
            Sent(topic, 0, lag if number == 0 else 1000, value)
            for topic, values in day.items()
            for number, value in enumerate(values)
        ]
        with warehouse.session() as session:
            assert commit(session, feeder.chunk(sent), strict) is not None
    discard(warehouse, settings, Selection(topics=("clicks.v1",), rules=("unreadable",)), "a test")
    redrive(warehouse, settings, Selection(rules=("before_start",)), run_id="redrive")
    with warehouse.session() as session, session.transaction():
        session.insert(INGEST_RANGES, frame(INGEST_RANGES, [(*_GAP, datetime(2026, 11, 21, 12))]))
        mark_dirty(session, [(INGEST_RANGES.full_name, date(2026, 11, 21))])
        session.execute(_REPORT)
    gold.refresh(warehouse, settings)


def copied(warehouse: Warehouse) -> duckdb.DuckDBPyConnection:
    """All tables in memory, without the constraints of storage: there, what must not be can be tried out fast."""
    memory = duckdb.connect()
    for schema in ("bronze", "silver", "gold", "ops"):
        memory.execute(f"CREATE SCHEMA {schema}")
    for table in TABLES:
        rows = warehouse.query(f"SELECT * FROM {table.full_name}")
        memory.register("rows_of_table", rows.to_arrow())
        memory.execute(f"CREATE TABLE {table.full_name} AS SELECT * FROM rows_of_table")
        memory.unregister("rows_of_table")
    return memory
