"""Checks that fail as people are told of them: by table, and those that follow from others with these."""

from datetime import date, datetime

from flowguard.alerts.condition import Condition
from flowguard.alerts.failing_checks import failing_checks
from flowguard.alerts.links import Links
from flowguard.models.frame import frame
from flowguard.models.ops import CHECK_FAILURES
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse

DAY, NEXT = date(2026, 11, 20), date(2026, 11, 21)
NOON = datetime(2026, 11, 20, 12)
ORDERS, ATTRIBUTED, GOLD = "silver.orders_cleaned", "silver.attributed_orders", "gold.daily_order_metrics"


def told(home: Settings, warehouse: Warehouse, *failures: tuple[str, str, date, str]) -> dict[str | None, Condition]:
    rows = [
        (
            table,
            check,
            day,
            severity,
            2,
            "it holds",
            '[{"order_id": "o1"}]',
            "SELECT",
            NOON,
            NOON,
            "r",
            None,
            None,
            None,
        )
        for table, check, day, severity in failures
    ]
    with warehouse.session() as session, session.transaction():
        session.insert(CHECK_FAILURES, frame(CHECK_FAILURES, rows))
    return {condition.table: condition for condition in failing_checks(warehouse, Links(home))}


def test_all_checks_and_days_of_a_table_are_one(home: Settings, warehouse: Warehouse) -> None:
    failures = [(ORDERS, "rows_valid", DAY, "WARN"), (ORDERS, "keys_unique", NEXT, "ERROR")]
    [condition] = told(home, warehouse, *failures).values()
    assert (condition.severity, condition.days) == ("error", (NEXT, DAY))
    assert condition.title == f"{ORDERS}, 2 days: checks keys_unique and rows_valid fail"
    assert condition.examples[0] == {"check": "keys_unique", "order_id": "o1"}
    assert "GOLD is held back" in condition.text


def test_what_follows_on_the_same_day_is_told_with_its_cause(home: Settings, warehouse: Warehouse) -> None:
    found = told(
        home,
        warehouse,
        (ORDERS, "rows_valid", DAY, "ERROR"),
        (ATTRIBUTED, "credit_conserved", DAY, "ERROR"),
        (GOLD, "orders_as_usual", NEXT, "WARN"),
    )
    assert found[ATTRIBUTED].follows == {found[ORDERS].key}
    assert f"So does {ATTRIBUTED}, which is made from it: credit_conserved." in found[ORDERS].text
    assert not found[GOLD].follows
    assert GOLD not in found[ORDERS].text


def test_a_warning_is_no_cause_of_an_error(home: Settings, warehouse: Warehouse) -> None:
    found = told(
        home, warehouse, (ORDERS, "one_order_per_id", DAY, "WARN"), (ATTRIBUTED, "credit_conserved", DAY, "ERROR")
    )
    assert not found[ATTRIBUTED].follows
