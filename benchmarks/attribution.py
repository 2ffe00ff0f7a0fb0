"""What attributing orders costs: all of them at once, and the next few of a long history.

    python -m benchmarks.attribution [--size small|full]

1. A rebuild of a week with 5M clicks and 500k orders, of which one user has 5 % each, against polars' join_asof alone
   on the same rows in memory; each in a process of its own, whose memory is told. small: a tenth of it.
2. The same batches into a home of 100k orders and into one of 10M (small: 1M), over 100 days.
3. The same batches into a home of 100k orders where a bot has clicked a million times within the hour, without the bot
   and with an order and clicks of the bot in each batch; in a process of its own, whose memory is told.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median

from rich.console import Console

from flowguard.kafka.ranges import OffsetRange
from flowguard.kafka.reader import Block
from flowguard.models.frame import frame
from flowguard.models.ops import PUBLISHER
from flowguard.models.scope import days
from flowguard.rounds.attribution import rebuild_days
from flowguard.rounds.chunk import now, prepare
from flowguard.rounds.commit import commit
from flowguard.rounds.outbox import last_sequence
from flowguard.settings import Settings, as_environment, load_settings
from flowguard.warehouse import Session, open_warehouse

CLICKS = {"small": 500_000, "full": 5_000_000}
HISTORIES = {"small": (100_000, 1_000_000), "full": (100_000, 10_000_000)}
DAYS, BATCHES, BATCH = 100, 12, 1_000
FIRST = date(2026, 6, 1)
console = Console(highlight=False)

_PLACE = "'t' AS _topic, 1 AS _generation, 0 AS _partition, i AS _offset, happened AS _arrived_at, day AS _arrival_date"
_ITEM = "'item-' || i % 40 AS item_id, 'Item' AS item_name, 'category-' || i % 5 AS category"
# One user in twenty events is always the same one.
_EVENTS = """
SELECT
    i, '{kind}' || LPAD(CAST(i AS VARCHAR), 12, '0') AS event_id,
    'user-' || CASE WHEN HASH(i) % 20 = 0 THEN 0 ELSE HASH(i + {seed}) % {users} END AS user_id,
    TIMESTAMP '{start}' + TO_MICROSECONDS(CAST((i - {first}) * {step} + HASH(i) % {step} AS BIGINT)) AS happened,
    CAST(happened AS DATE) AS day
FROM RANGE({first}, {last}) AS numbers(i)
"""
_ORDERS = f"""
INSERT INTO silver.orders_cleaned BY NAME
SELECT
    event_id, event_id AS order_id, user_id, {_ITEM}, CAST(9.50 AS DECIMAL(18, 2)) AS price, 'USD' AS currency,
    happened AS order_timestamp, day AS order_date, {_PLACE}
FROM ({{events}}) AS events
"""
_CLICKS = f"""
INSERT INTO silver.clicks_cleaned BY NAME
SELECT event_id, 'click' AS event_type, user_id, {_ITEM}, happened AS event_timestamp, day AS event_date, {_PLACE}
FROM ({{events}}) AS events
"""
_BOT_EVENTS = """
SELECT
    i, 'bot-' || i AS event_id, 'bot' AS user_id, DATE '{day}' AS day,
    TIMESTAMP '{day} 11:45:00' + TO_MICROSECONDS(CAST(i * 3_600 AS BIGINT)) AS happened
FROM RANGE(1_000_000) AS numbers(i)
"""
_REBUILD = """
import json, resource, time
from datetime import date
from flowguard.models.scope import days
from flowguard.rounds.attribution import rebuild_days
from flowguard.settings import load_settings
from flowguard.warehouse import open_warehouse

warehouse = open_warehouse(load_settings())
started = time.perf_counter()
with warehouse.at_full_strength() as strong, strong.session() as session, session.transaction():
    rebuild_days(session, [days(date(2026, 6, 1), date(2026, 6, 8))])
seconds = time.perf_counter() - started
found = warehouse.query(
    "SELECT COUNT(*), COUNT(click_event_id) FROM silver.attributed_orders WHERE model = 'last_click'"
).row(0)
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, *found]))
"""
_POLARS = """
import json, resource, time
import polars as pl
from flowguard.settings import load_settings
from flowguard.warehouse import open_warehouse

warehouse = open_warehouse(load_settings(), read_only=True)
orders = warehouse.query("SELECT order_id, user_id, item_id, price, order_timestamp FROM silver.orders_cleaned")
clicks = warehouse.query("SELECT event_id, user_id, item_id, category, event_timestamp FROM silver.clicks_cleaned")
started = time.perf_counter()
joined = orders.sort("order_timestamp").join_asof(
    clicks.sort("event_timestamp", "event_id"), left_on="order_timestamp", right_on="event_timestamp", by="user_id",
    tolerance="30m", check_sortedness=False,
)
seconds = time.perf_counter() - started
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([seconds, memory, joined.height, joined["event_id"].count()]))
"""


_BOT = """
import json, resource
from statistics import median
from benchmarks.attribution import BATCHES, batch
from flowguard.settings import load_settings

settings, seconds = load_settings(), {False: [], True: []}
for number in range(BATCHES):
    for with_bot in (False, True):
        seconds[with_bot].append(batch(settings, 2 * number + with_bot, with_bot=with_bot))
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([median(seconds[False][2:]), median(seconds[True][2:]), max(seconds[True]), memory]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=CLICKS, default="small")
    size = parser.parse_args().size
    with tempfile.TemporaryDirectory(prefix="flowguard-bench-") as folder:
        _rebuild(Path(folder), CLICKS[size])
        _increments(Path(folder), HISTORIES[size])
        _bot(Path(folder))


def _rebuild(folder: Path, clicks: int) -> None:
    settings = load_settings(folder / "week", start_date=FIRST)
    with closing(open_warehouse(settings)) as warehouse, warehouse.session() as session, session.transaction():
        _fill(session, _CLICKS, "c", 0, clicks, timedelta(days=7), FIRST, users=clicks // 25)
        _fill(session, _ORDERS, "o", 0, clicks // 10, timedelta(days=7), FIRST, users=clicks // 25)
    one_model = settings.model_copy(update={"attribution_models": ("last_click",)})
    theirs, single, ours = _run(settings, _POLARS), _run(one_model, _REBUILD), _run(settings, _REBUILD)
    for name, (seconds, memory, orders, attributed) in (
        ("rebuild", ours),
        ("one model", single),
        ("join_asof", theirs),
    ):
        console.print(
            f"{name:10} {seconds:6.2f} s {memory:6,.0f} MB  {orders:,.0f} orders, {attributed:,.0f} with a click"
        )
    if not ours[2:] == single[2:] == theirs[2:]:
        raise SystemExit("they differ")
    console.print(
        f"ratio {ours[0] / theirs[0]:.2f}, with one model, as join_asof has, {single[0] / theirs[0]:.2f} "
        "(wanted: at most 2), memory wanted: at most 2,048 MB",
        soft_wrap=True,
    )


def _run(settings: Settings, code: str) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-c", code], env=as_environment(settings), check=True, capture_output=True, text=True
    )
    return list(json.loads(done.stdout))


def _increments(folder: Path, histories: tuple[int, int]) -> None:
    """Batches into either home in turns, so that both meet the same weather."""
    homes = [load_settings(folder / f"history-{orders}", start_date=FIRST) for orders in histories]
    for settings, orders in zip(homes, histories, strict=True):
        started = time.perf_counter()
        _history(settings, orders)
        console.print(f"{orders:,} orders of {DAYS} days are there after {time.perf_counter() - started:.0f} s")
    seconds: list[list[float]] = [[], []]
    for number in range(BATCHES):
        for settings, measured in zip(homes, seconds, strict=True):
            measured.append(batch(settings, number))
    few, many = (median(measured[2:]) for measured in seconds)
    console.print(
        f"a batch of {BATCH} events: {few * 1000:.0f} ms into {histories[0]:,} orders, {many * 1000:.0f} ms into "
        f"{histories[1]:,}: ratio {many / few:.2f} (wanted: at most 1.2)",
        soft_wrap=True,
    )


def _history(settings: Settings, orders: int) -> None:
    each = orders // DAYS
    with closing(open_warehouse(settings)) as warehouse, warehouse.session() as session:
        for number in range(DAYS):
            day, first = FIRST + timedelta(days=number), number * each
            with session.transaction():
                _fill(session, _ORDERS, "o", first, first + each, timedelta(days=1), day, users=50_000)
                _fill(session, _CLICKS, "c", first, first + each, timedelta(days=1), day, users=50_000)
        for at in range(0, DAYS, 10):
            _attribute(session, FIRST + timedelta(days=at), FIRST + timedelta(days=at + 9))
        assert session.query("SELECT COUNT(*) FROM ops.outbox").item() == 2 * orders
        # As in a home whose publisher keeps up.
        session.insert(PUBLISHER, frame(PUBLISHER, [("bench", last_sequence(session), now())]))


def _attribute(session: Session, first: date, last: date) -> None:
    with session.transaction():
        rebuild_days(session, [days(first, last)])


def _fill(
    session: Session, table: str, kind: str, first: int, last: int, span: timedelta, start: date, *, users: int
) -> None:
    step = span // timedelta(microseconds=1) // (last - first)
    events = _EVENTS.format(kind=kind, seed=ord(kind), users=users, start=start, first=first, last=last, step=step)
    session.execute(table.format(events=events))


def _bot(folder: Path) -> None:
    settings = load_settings(folder / "bot", start_date=FIRST)
    _history(settings, HISTORIES["small"][0])
    last = FIRST + timedelta(days=DAYS - 1)
    with closing(open_warehouse(settings)) as warehouse, warehouse.session() as session, session.transaction():
        session.execute(_CLICKS.format(events=_BOT_EVENTS.format(day=last)))
    without, with_bot, longest, memory = _run(settings, _BOT)
    console.print(
        f"a batch of {BATCH} events beside a bot with 1,000,000 clicks within an hour: {without * 1000:.0f} ms without "
        f"it, {with_bot * 1000:.0f} ms with {BATCH // 10} events of it, at most {longest * 1000:.0f}; {memory:,.0f} MB",
        soft_wrap=True,
    )


def batch(settings: Settings, number: int, *, with_bot: bool = False) -> float:
    """Seconds that a round takes whose events are of the last day, one order among ten of them."""
    start = datetime.combine(FIRST + timedelta(days=DAYS - 1), datetime.min.time(), UTC) + timedelta(hours=12)
    at = start + timedelta(seconds=10 * number)
    blocks = [_block(settings, number, at, order=order, with_bot=with_bot) for order in (True, False)]
    with closing(open_warehouse(settings)) as warehouse, warehouse.session() as session:
        session.query("SELECT COUNT(*) FROM ops.outbox WHERE order_date = '2020-01-01'")
        chunk = prepare([block.range for block in blocks], blocks, warehouse, settings, "bench")
        started = time.perf_counter()
        assert commit(session, chunk, settings) is not None
        return time.perf_counter() - started


def _block(settings: Settings, number: int, at: datetime, *, order: bool, with_bot: bool) -> Block:
    count = BATCH // 10 if order else BATCH - BATCH // 10
    numbers = range(number * BATCH, number * BATCH + count)
    values: list[bytes | None] = [_event(index, at, order=order, with_bot=with_bot) for index in numbers]
    topic, first = (settings.orders_topic if order else settings.clicks_topic), number * count
    planned = OffsetRange(topic, 1, 0, first, first + count, at.date(), None, None)
    arrived = [int(at.timestamp() * 1000) + 20_000] * count
    return Block(planned, values, list(range(first, first + count)), arrived)


def _event(number: int, at: datetime, *, order: bool, with_bot: bool) -> bytes:
    event = {
        "event_id": f"new-{order}-{number}",
        "event_type": "order_placed" if order else "click" if number % 2 else "impression",
        "user_id": "bot" if with_bot and number % 10 == 3 else f"user-{number * 7 % 5_000}",
        "item_id": f"item-{number % 40}",
        "event_timestamp": (at + timedelta(milliseconds=number % BATCH * 10)).isoformat(),
    }
    return json.dumps(event | ({"order_id": f"new-{number}", "price": "9.50"} if order else {})).encode()


if __name__ == "__main__":
    main()
