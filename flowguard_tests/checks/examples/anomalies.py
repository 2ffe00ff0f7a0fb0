"""Weeks of days that are as usual, and one that is not."""

from collections.abc import Iterator

from flowguard_tests.checks.examples.behind import BEHIND, DIRTY
from flowguard_tests.checks.examples.example import NEXT_DAY, THE_DAY, Example

_USUAL = """
CREATE OR REPLACE TEMP TABLE usual AS
SELECT CAST(day AS DATE) AS day, 100 + CAST(DATE_DIFF('day', DATE '2026-01-01', day) * 7 % 11 AS INTEGER) - 5 AS number
FROM RANGE(TIMESTAMP '2026-09-01', TIMESTAMP '2026-11-22', INTERVAL 1 DAY) AS days(day);
"""


def _daily(change: str = "", *, orders: str = "number", where: str = "TRUE") -> str:
    """Eleven weeks of orders, about 100 a day of 10.00 each."""
    return f"""
{_USUAL} DELETE FROM gold.daily_order_metrics;
INSERT INTO gold.daily_order_metrics BY NAME
SELECT day AS date, {orders} AS total_orders, 10 * {orders} AS total_revenue FROM usual WHERE {where}; {change}
"""


def _set(orders: float, day: str = THE_DAY) -> str:
    values = f"total_orders = {orders}, total_revenue = 10 * {orders}"
    return f"UPDATE gold.daily_order_metrics SET {values} WHERE date = '{day}';"


_GONE = f"DELETE FROM gold.daily_order_metrics WHERE date = '{THE_DAY}';"


def volumes() -> Iterator[Example]:
    fails = ((THE_DAY, 8),)
    wild = "CASE WHEN number % 2 = 0 THEN 20 ELSE 180 END"
    for name in ("orders_as_usual", "revenue_as_usual"):
        for change, failing in (
            (_daily(), ()),
            (_daily(_set(50)), fails),
            (_daily(_GONE), fails),
            (_daily(_set(200)), fails),
            (_daily(_set(90)), ()),
            (_daily(_set(10, NEXT_DAY)), ()),
            (_daily(_set(200, NEXT_DAY)), ((NEXT_DAY, 8),)),
            (_daily(_GONE, orders="number // 20"), ()),
            (_daily(_GONE, where="day > DATE '2026-10-30'"), ()),
            (_daily(_GONE, where="day > DATE '2026-10-15'"), ((THE_DAY, 5),)),
            (_daily(orders="CASE WHEN ISODOW(day) = 5 THEN 30 ELSE number END"), ()),
            (_daily(_set(100), orders="CASE WHEN ISODOW(day) = 5 THEN 30 ELSE number END"), fails),
            (_daily(where="ISODOW(day) <> 5"), ()),
            (_daily(_set(50), where="ISODOW(day) BETWEEN 4 AND 6"), fails),
            (_daily(_set(250), orders="number * ISODOW(day)"), fails),
            (_daily(_set(50), orders="CASE WHEN day < DATE '2026-09-25' THEN 1000 ELSE number END"), fails),
            (_daily(_GONE, orders=wild), fails),
            (_daily(_set(15), orders=wild), ()),
            (_daily(orders="CASE WHEN day < DATE '2026-09-25' THEN 1000 ELSE number END"), ()),
        ):
            yield Example("gold.daily_order_metrics", name, change, failing, "history")
        for noted, failing in BEHIND:
            yield Example("gold.daily_order_metrics", name, _daily(_GONE + noted), fails if failing else (), "history")


def _funnels(change: str = "", *, converted: str = "number", clicks: int = 1000) -> str:
    return f"""
{_USUAL} DELETE FROM gold.funnel_metrics;
INSERT INTO gold.funnel_metrics BY NAME
SELECT day AS date, 'soup' AS item_id, {clicks} AS clicks, {converted} AS converted_clicks FROM usual; {change}
"""


def _convert(amount: int, day: str = THE_DAY) -> str:
    return f"UPDATE gold.funnel_metrics SET converted_clicks = {amount} WHERE date = '{day}';"


def conversions() -> Iterator[Example]:
    fails = ((THE_DAY, 8),)
    for change, failing in (
        (_funnels(), ()),
        (_funnels(_convert(50)), fails),
        (_funnels(_convert(200)), fails),
        (_funnels(_convert(50, NEXT_DAY)), ()),
        (_funnels(_convert(200, NEXT_DAY)), ()),
        (_funnels(_convert(50) + DIRTY), ()),
        (_funnels(_convert(0), converted="number // 10", clicks=90), ()),
        (_funnels("UPDATE gold.funnel_metrics SET clicks = 0 WHERE date = '2026-11-20';"), ()),
    ):
        yield Example("gold.funnel_metrics", "conversion_as_usual", change, failing, "history")


def _rows(table: str, day: str, missing: str, values: str, change: str = "", rows: int = 60) -> str:
    """Sixty rows a day, every twentieth without the value."""
    return f"""
{_USUAL} DELETE FROM {table};
INSERT INTO {table} BY NAME
SELECT day AS {day}, {values} CASE WHEN row % 20 = 0 THEN NULL ELSE 1 END AS {missing}
FROM usual CROSS JOIN RANGE({rows}) AS numbers(row); {change}
"""


def shares() -> Iterator[Example]:
    for table, name, day, missing, values in (
        ("silver.attributed_orders", "unattributed_share", "order_date", "click_event_id", "'last_click' AS model,"),
        ("silver.orders_cleaned", "without_session_share", "order_date", "session_id", ""),
        ("silver.clicks_cleaned", "without_session_share", "event_date", "session_id", ""),
        ("silver.clicks_cleaned", "without_position_share", "event_date", "position", ""),
        ("silver.clicks_cleaned", "without_page_share", "event_date", "page", ""),
    ):

        def lost(of_day: str, table: str = table, day: str = day, missing: str = missing) -> str:
            return f"UPDATE {table} SET {missing} = NULL WHERE {day} = '{of_day}';"

        yield Example(table, name, _rows(table, day, missing, values))
        yield Example(table, name, _rows(table, day, missing, values, lost(THE_DAY)), ((THE_DAY, 8),), "history")
        yield Example(table, name, _rows(table, day, missing, values, lost(NEXT_DAY)), ((NEXT_DAY, 8),), "history")
        yield Example(table, name, _rows(table, day, missing, values, lost(THE_DAY), rows=40))
        few = f"DELETE FROM {table} WHERE {day} = '{THE_DAY}' AND rowid % 2 = 0;"
        yield Example(table, name, _rows(table, day, missing, values, few + lost(THE_DAY)))
        without = f"DELETE FROM {table} WHERE {day} = '{THE_DAY}';"
        yield Example(table, name, _rows(table, day, missing, values, without))
    first = _rows("silver.attributed_orders", "order_date", "click_event_id", "'last_click' AS model,")
    other = (
        f"{first} INSERT INTO silver.attributed_orders BY NAME SELECT order_date, 'first_click' AS model FROM usual, "
    )
    yield Example(
        *("silver.attributed_orders", "unattributed_share"),
        f"{other} (SELECT DISTINCT order_date FROM silver.attributed_orders) WHERE order_date = '{THE_DAY}'",
    )


_RANGES = f"""
{_USUAL} DELETE FROM ops.ingest_ranges; DELETE FROM ops.quarantine;
INSERT INTO ops.ingest_ranges BY NAME
SELECT day AS arrival_date, topic, 0 AS start_offset, 100 AS end_offset, 10 AS skipped, 'records' AS kind
FROM usual CROSS JOIN (VALUES ('x'), ('y')) AS topics(topic);
"""


def _refused(number: int, day: str = THE_DAY, topic: str = "x", status: str = "open", stage: str = "bronze") -> str:
    return (
        f"INSERT INTO ops.quarantine BY NAME SELECT DATE '{day}' AS _arrival_date, '{topic}' AS _topic, "
        f"'{status}' AS status, '{stage}' AS stage FROM RANGE({number});"
    )


def quarantined() -> Iterator[Example]:
    fails = ((THE_DAY, 10.0),)
    used_to = (
        "INSERT INTO ops.quarantine BY NAME SELECT day AS _arrival_date, 'x' AS _topic, 'open' AS status, "
        f"'bronze' AS stage FROM usual, RANGE(9) WHERE day < '{THE_DAY}';"
    )
    fresh = f"DELETE FROM ops.ingest_ranges WHERE arrival_date < '{THE_DAY}';"
    gap = (
        f"INSERT INTO ops.ingest_ranges BY NAME SELECT DATE '{THE_DAY}' AS arrival_date, 'x' AS topic, "
        "100 AS start_offset, 900 AS end_offset, 0 AS skipped, 'accepted_gap' AS kind;"
    )
    for change, failing in (
        (_RANGES + _refused(9), fails),
        (_RANGES + _refused(9, topic="y"), fails),
        (_RANGES + _refused(4), ()),
        (_RANGES + _refused(4) + _refused(4, topic="y"), ()),
        (_RANGES + _refused(9) + gap, fails),
        (_RANGES + _refused(9) + fresh, fails),
        (_RANGES + _refused(4) + fresh, ()),
        (_RANGES + used_to + _refused(9), ()),
        (_RANGES + _refused(9, status="discarded"), ()),
        (_RANGES + _refused(9, stage="gateway"), ()),
        (_RANGES + _refused(9, topic="z"), ()),
        (_RANGES + _refused(9, day=NEXT_DAY), ((NEXT_DAY, 10.0),)),
    ):
        yield Example("ops.quarantine", "quarantine_share", change, failing, "value")
