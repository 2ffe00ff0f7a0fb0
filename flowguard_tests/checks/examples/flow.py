"""Records that are gone, twice there, or in the wrong place."""

from collections.abc import Iterator

from flowguard_tests.checks.examples.example import NEXT_DAY, THE_DAY, Example, of


def examples() -> Iterator[Example]:
    ranges, day = "ops.ingest_ranges", f"WHERE arrival_date = '{THE_DAY}' AND topic = 'orders.v1'"
    yield from of(
        *(ranges, "exactly_once", "start_offset"),
        (f"UPDATE {ranges} SET end_offset = 5 {day}", ((NEXT_DAY, 6),)),
        (f"UPDATE {ranges} SET end_offset = 7 {day}", ((NEXT_DAY, 6),)),
        (
            f"INSERT INTO {ranges} SELECT * REPLACE (-3 AS start_offset, -1 AS end_offset, DATE '2026-11-19' AS "
            f"arrival_date) FROM {ranges} {day}",
            ((THE_DAY, 0),),
        ),
        (f"UPDATE {ranges} SET generation = 2 WHERE arrival_date = '{NEXT_DAY}' AND topic = 'orders.v1'", ()),
        (f"UPDATE {ranges} SET partition = 2 WHERE arrival_date = '{NEXT_DAY}' AND topic = 'orders.v1'", ()),
        (f"UPDATE {ranges} SET end_offset = 5, arrival_date = '2026-11-14' {day}", ((NEXT_DAY, 6),)),
    )
    orders = f"bronze.orders_raw WHERE _arrival_date = '{THE_DAY}'"
    put = "INSERT INTO bronze.orders_raw SELECT"
    unreadable = f"_topic = 'orders.v1' AND stage = 'bronze' AND _arrival_date = '{THE_DAY}'"
    later_gap = "'accepted_gap' AS kind, 6 AS start_offset, 9 AS end_offset, 0 AS bronze_rows, 0 AS quarantined"
    yield from of(
        *(ranges, "records_complete", "topic"),
        (f"DELETE FROM {orders} AND _offset = 1", ((THE_DAY, "orders.v1"),)),
        (f"DELETE FROM bronze.clicks_raw WHERE _arrival_date = '{THE_DAY}' AND _offset = 1", ((THE_DAY, "clicks.v1"),)),
        (f"{put} * FROM {orders} AND _offset = 1", ((THE_DAY, "orders.v1"),)),
        # As many as there should be, but one twice; one that belongs to an earlier range; one that belongs to a later.
        (
            f"UPDATE bronze.orders_raw SET _offset = 1 WHERE _arrival_date = '{THE_DAY}' AND _offset = 2",
            ((THE_DAY, "orders.v1"),),
        ),
        (
            f"UPDATE bronze.orders_raw SET _offset = 6 WHERE _arrival_date = '{THE_DAY}' AND _offset = 5",
            ((THE_DAY, "orders.v1"),),
        ),
        (
            f"UPDATE bronze.orders_raw SET _offset = 5 WHERE _arrival_date = '{NEXT_DAY}' AND _offset = 6",
            ((NEXT_DAY, "orders.v1"),),
        ),
        (
            f"DELETE FROM ops.quarantine WHERE {unreadable}",
            ((THE_DAY, "orders.v1"),),
        ),
        (
            f"UPDATE ops.quarantine SET status = 'redriven' WHERE {unreadable}",
            ((THE_DAY, "orders.v1"),),
        ),
        (f"DELETE FROM {ranges} {day}", ((THE_DAY, "orders.v1"),)),
        (
            f"DELETE FROM {orders}; DELETE FROM ops.quarantine WHERE _topic = 'orders.v1'",
            ((THE_DAY, "orders.v1"), (NEXT_DAY, "orders.v1")),
        ),
        (
            f"INSERT INTO {ranges} SELECT * REPLACE ({later_gap}) FROM {ranges} {day}; "
            f"UPDATE bronze.orders_raw SET _offset = 7 WHERE _arrival_date = '{THE_DAY}' AND _offset = 5",
            ((THE_DAY, "orders.v1"),),
        ),
        (
            f"UPDATE {ranges} SET bronze_rows = 0, quarantined = 0 {day}; DELETE FROM {orders}; "
            f"DELETE FROM ops.quarantine WHERE {unreadable}",
            (),
        ),
    )
    moved = f"UPDATE bronze.orders_raw SET {{}} = 2 WHERE _arrival_date = '{THE_DAY}' AND _offset = 5"
    yield from of(
        *(ranges, "records_complete", "generation"), (moved.format("_generation"), ((THE_DAY, 1), (THE_DAY, 2)))
    )
    yield from of(
        *(ranges, "records_complete", "partition"), (moved.format("_partition"), ((THE_DAY, 0), (THE_DAY, 2)))
    )
    yield from of(
        *("ops.quarantine", "agrees_with_bronze", "_offset"),
        (f"DELETE FROM {orders} AND _offset = 3", ((THE_DAY, 3),)),
        ("UPDATE bronze.orders_raw SET _rule = 'future' WHERE _offset = 3", ((THE_DAY, 3),)),
        ("UPDATE bronze.orders_raw SET _rule = NULL WHERE _offset = 3", ((THE_DAY, 3),)),
        ("DELETE FROM bronze.orders_raw WHERE _offset = 8", ((NEXT_DAY, 8),)),
        ("UPDATE bronze.orders_raw SET _rule = 'before_start' WHERE _offset = 8", ((NEXT_DAY, 8),)),
        (f"{put} * REPLACE (4 AS _offset) FROM {orders} AND _offset = 1", ((THE_DAY, 4),)),
        (
            "INSERT INTO bronze.clicks_raw SELECT * REPLACE (5 AS _offset) FROM bronze.clicks_raw WHERE _offset = 4",
            ((THE_DAY, 5),),
        ),
        *(
            (f"{put} * REPLACE (4 AS _offset, {other}) FROM {orders} AND _offset = 1", ())
            for other in ("'x' AS _topic", "2 AS _generation", "2 AS _partition", f"DATE '{NEXT_DAY}' AS _arrival_date")
        ),
        ("UPDATE ops.quarantine SET status = 'discarded' WHERE _topic = 'orders.v1' AND _offset = 3", ()),
    )
    for table, offset, rule in (("orders_raw", 3, "price"), ("clicks_raw", 1, "future")):
        topic = "orders.v1" if table == "orders_raw" else "clicks.v1"
        arrange = (
            f"UPDATE bronze.{table} SET _rule = '{rule}' WHERE _offset = {offset}; "
            f"DELETE FROM ops.quarantine WHERE _offset = {offset}; INSERT INTO ops.quarantine BY NAME "
            f"SELECT 'silver' AS stage, '{topic}' AS _topic, 1 AS _generation, 0 AS _partition, {offset} AS _offset, "
            f"DATE '{THE_DAY}' AS _arrival_date, '{rule}' AS rule, 'open' AS status;"
        )
        yield from of(
            *(f"bronze.{table}", "refused_is_quarantined", "_offset"),
            (arrange, ()),
            (f"{arrange} DELETE FROM ops.quarantine WHERE _offset = {offset}", ((THE_DAY, offset),)),
            *(
                (f"{arrange} UPDATE ops.quarantine SET {change} WHERE _offset = {offset}", ((THE_DAY, offset),))
                for change in (
                    "rule = 'other'",
                    "stage = 'bronze'",
                    "status = 'redriven'",
                    "_topic = 'x'",
                    "_generation = 2",
                    "_partition = 2",
                    f"_arrival_date = '{NEXT_DAY}'",
                    "_offset = 77",
                )
            ),
        )
    yield from of(
        *("gold.flow_ledger", "balanced", "topic"),
        (
            f"UPDATE gold.flow_ledger SET balanced = FALSE WHERE arrival_date = '{THE_DAY}' AND topic = 'orders.v1'",
            ((THE_DAY, "orders.v1"),),
        ),
    )
