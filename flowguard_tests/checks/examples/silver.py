"""SILVER that is not what Bronze gives; ids that mean two things; orders that are not attributed as they were told."""

from collections.abc import Iterator

from flowguard_tests.checks.examples.example import NEXT_DAY, THE_DAY, Example, of


def of_bronze() -> Iterator[Example]:
    for table, raw, duplicates, offset, twin, content in (
        (
            "orders_cleaned",
            "orders_raw",
            "order_duplicates",
            1,
            2,
            {
                "event_id": "'x'",
                "order_timestamp": "order_timestamp + INTERVAL 1 SECOND",
                "order_id": "'x'",
                "user_id": "'x'",
                "item_id": "'x'",
                "price": "price + 1",
            },
        ),
        (
            "order_refunds",
            "orders_raw",
            "order_duplicates",
            6,
            None,
            {"event_id": "'x'", "refunded_at": "refunded_at + INTERVAL 1 SECOND", "order_id": "'x'", "user_id": "'x'"},
        ),
        (
            "clicks_cleaned",
            "clicks_raw",
            "click_duplicates",
            2,
            3,
            {
                "event_id": "'x'",
                "event_timestamp": "event_timestamp + INTERVAL 1 SECOND",
                "event_type": "'impression'",
                "user_id": "'x'",
                "item_id": "'x'",
                "category": "'x'",
            },
        ),
    ):
        when = NEXT_DAY if offset == 6 else THE_DAY
        fails = ((when, offset),)
        yield from of(
            *(f"silver.{table}", "matches_bronze", "_offset"),
            (f"DELETE FROM silver.{table} WHERE _offset = {offset}", fails),
            (f"DELETE FROM bronze.{raw} WHERE _offset = {offset}", fails),
            (f"UPDATE bronze.{raw} SET _rule = 'future' WHERE _offset = {offset}", fails),
            (f"INSERT INTO silver.{table} SELECT * FROM silver.{table} WHERE _offset = {offset}", fails),
            (f"INSERT INTO bronze.{raw} SELECT * FROM bronze.{raw} WHERE _offset = {offset}", fails),
            (
                f"INSERT INTO silver.{duplicates} BY NAME SELECT event_id, event_type, event_timestamp, "
                "CAST(event_timestamp AS DATE) AS event_date, _topic, _generation, _partition, _offset "
                f"FROM bronze.{raw} WHERE _offset = {offset}",
                fails,
            ),
            *(
                (f"UPDATE silver.{table} SET {column} = {value} WHERE _offset = {offset}", fails)
                for column, value in content.items()
            ),
        )
        if twin:
            yield from of(
                *(f"silver.{table}", "matches_bronze", "_offset"),
                (f"DELETE FROM silver.{duplicates} WHERE _offset = {twin}", ((when, twin),)),
            )
    twin_of_refund = "INSERT INTO {} BY NAME SELECT * REPLACE (60 AS _offset) FROM {} WHERE _offset = 6;"
    told_twice = twin_of_refund.format("bronze.orders_raw", "bronze.orders_raw") + (
        "INSERT INTO silver.order_duplicates BY NAME SELECT event_id, event_type, event_timestamp, order_id, "
        f"DATE '{NEXT_DAY}' AS event_date, _topic, _generation, _partition, _offset "
        "FROM bronze.orders_raw WHERE _offset = 60"
    )
    yield from of("silver.orders_cleaned", "matches_bronze", "_offset", (told_twice, ()))
    yield from of("silver.order_refunds", "matches_bronze", "_offset", (told_twice, ()))
    yield from of(
        *("silver.click_duplicates", "original_is_kept", "_offset"),
        ("DELETE FROM silver.clicks_cleaned WHERE _offset = 1", ((THE_DAY, 3),)),
        ("UPDATE silver.clicks_cleaned SET event_id = 'x' WHERE _offset = 1", ((THE_DAY, 3),)),
        (
            "UPDATE silver.clicks_cleaned SET event_timestamp = event_timestamp + INTERVAL 1 SECOND WHERE _offset = 1",
            ((THE_DAY, 3),),
        ),
    )
    yield from of(
        *("silver.orders_cleaned", "refunded_as_told", "order_id"),
        ("UPDATE silver.orders_cleaned SET refunded_at = NULL WHERE order_id = 'o1'", ((THE_DAY, "o1"),)),
        ("UPDATE silver.orders_cleaned SET refunded_at = order_timestamp WHERE order_id = 'o2'", ((THE_DAY, "o2"),)),
        ("UPDATE silver.order_refunds SET refunded_at = refunded_at + INTERVAL 1 SECOND", ((THE_DAY, "o1"),)),
    )


def of_identity() -> Iterator[Example]:
    for table, day, instant in (
        ("orders_cleaned", "order_date", "order_timestamp"),
        ("clicks_cleaned", "event_date", "event_timestamp"),
    ):
        again = (
            f"INSERT INTO silver.{table} SELECT * REPLACE (CAST({instant} + INTERVAL {{0}} AS DATE) AS {day}, "
            f"{instant} + INTERVAL {{0}} AS {instant}) FROM silver.{table} WHERE _offset = 1"
        )
        yield from of(
            *(f"silver.{table}", "one_time_per_event", "kept"),
            (again.format("1 HOUR"), ((THE_DAY, 2),)),
            (again.format("1 DAY"), ((NEXT_DAY, 2),)),
            (again.format("(-1) DAY"), ((THE_DAY, 2),)),
            (again.format("2 DAY"), ()),
        )
    yield from of(
        *("silver.orders_cleaned", "one_order_per_id", "orders"),
        ("UPDATE silver.orders_cleaned SET order_id = 'o1' WHERE order_id = 'o5'", ((THE_DAY, 2), (NEXT_DAY, 2))),
        ("UPDATE silver.orders_cleaned SET order_id = 'o1' WHERE order_id = 'o6'", ((THE_DAY, 2),)),
    )
    refund = (
        "INSERT INTO silver.order_refunds SELECT * REPLACE (DATE '2026-10-02' AS refund_date, 99 AS _offset) "
        "FROM silver.order_refunds"
    )
    yield from of("silver.order_refunds", "one_refund_per_order", "refunds", (refund, ((NEXT_DAY, 2),)))
    yield from of(
        *("silver.order_refunds", "order_has_arrived", "order_id"),
        ("DELETE FROM silver.orders_cleaned WHERE order_id = 'o1'", ((NEXT_DAY, "o1"),)),
    )


def of_attribution() -> Iterator[Example]:
    attributed = "silver.attributed_orders"
    last = "WHERE model = 'last_click' AND order_id"
    yield from of(
        *(attributed, "credit_conserved", "model"),
        (f"UPDATE {attributed} SET credit = 0.5 {last} = 'o1'", ((THE_DAY, "last_click"),)),
        (f"UPDATE {attributed} SET credit = 0.5, price = 20 {last} = 'o1'", ((THE_DAY, "last_click"),)),
        (
            f"UPDATE {attributed} SET credit = 0.5 WHERE model = 'first_click' AND order_id = 'o1'",
            ((THE_DAY, "first_click"),),
        ),
        (f"DELETE FROM {attributed} {last} = 'o1'", ((THE_DAY, "last_click"),)),
        (f"UPDATE {attributed} SET price = 1 {last} = 'o1'", ((THE_DAY, "last_click"),)),
        (f"INSERT INTO {attributed} SELECT * FROM {attributed} {last} = 'o1'", ((THE_DAY, "last_click"),)),
        (
            f"UPDATE {attributed} SET order_timestamp = order_timestamp + INTERVAL 1 SECOND {last} = 'o1'",
            ((THE_DAY, "last_click"), (THE_DAY, "last_click")),
        ),
        (f"UPDATE {attributed} SET order_id = 'x' {last} = 'o1'", ((THE_DAY, "last_click"), (THE_DAY, "last_click"))),
        (
            "DELETE FROM silver.orders_cleaned WHERE order_id = 'o2'",
            ((THE_DAY, "first_click"), (THE_DAY, "last_click")),
        ),
        (
            f"INSERT INTO {attributed} SELECT * REPLACE (0 AS credit) FROM {attributed} {last} = 'o1'; "
            f"UPDATE {attributed} SET price = 1 WHERE credit = 0",
            (),
        ),
        # A third model is not needed for every order.
        (f"DELETE FROM {attributed} WHERE model = 'first_click' AND order_id = 'o1'", ()),
    )
    click = "WHERE _offset = 2"
    yield from of(
        *(attributed, "click_exists", "order_id"),
        (f"DELETE FROM silver.clicks_cleaned {click}", ((THE_DAY, "o1"),)),
        *(
            (f"UPDATE silver.clicks_cleaned SET {change} {click}", ((THE_DAY, "o1"),))
            for change in (
                "event_type = 'impression'",
                "event_id = 'x'",
                "event_timestamp = event_timestamp + INTERVAL 1 SECOND",
                "user_id = 'x'",
                "item_id = 'x'",
                "category = 'x'",
            )
        ),
        ("DELETE FROM silver.clicks_cleaned WHERE _offset = 6", ((NEXT_DAY, "o5"), (NEXT_DAY, "o5"))),
        (f"UPDATE {attributed} SET click_timestamp = TIMESTAMP '2026-11-12 23:59:00' {last} = 'o1'", ()),
    )
    yield from of(
        *("ops.outbox", "told_as_attributed", "model"),
        (f"UPDATE {attributed} SET revision = 2 {last} = 'o1'", ((THE_DAY, "last_click"),)),
        (f"DELETE FROM {attributed} {last} = 'o1'", ((THE_DAY, "last_click"),)),
        (f"DELETE FROM ops.outbox {last} = 'o1'", ((THE_DAY, "last_click"),)),
        (f"UPDATE ops.outbox SET digest = NULL {last} = 'o1'", ((THE_DAY, "last_click"),)),
        (f"UPDATE ops.outbox SET digest = NULL {last} = 'o1'; DELETE FROM {attributed} {last} = 'o1'", ()),
    )
