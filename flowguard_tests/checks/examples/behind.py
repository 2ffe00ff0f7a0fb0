"""What is noted of a day that GOLD is behind on."""

from flowguard_tests.checks.examples.example import NEXT_DAY, THE_DAY


def _mark(table: str, severity: str, overridden: str = "NULL", day: str = f"'{THE_DAY}'") -> str:
    return (
        "INSERT INTO ops.check_failures BY NAME SELECT "
        f"'{table}' AS table_name, '{severity}' AS severity, {overridden} AS overridden_at, {day} AS day;"
    )


DIRTY = f"INSERT INTO ops.dirty_days VALUES ('silver.orders_cleaned', '{THE_DAY}', 1);"
BEHIND = (
    (DIRTY, False),
    (_mark("silver.orders_cleaned", "ERROR"), False),
    (_mark("bronze.orders_raw", "ERROR"), False),
    (_mark("gold.food_performance", "ERROR"), True),
    (_mark("ops.outbox", "ERROR"), True),
    (_mark("silver.orders_cleaned", "WARN"), True),
    (_mark("silver.orders_cleaned", "ERROR", f"TIMESTAMP '{NEXT_DAY}'"), True),
    (_mark("silver.orders_cleaned", "ERROR", day="NULL"), True),
)
"""What is noted of the day, and whether GOLD has to be right nevertheless."""
