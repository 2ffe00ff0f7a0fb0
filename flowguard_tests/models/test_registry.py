"""What is known of tables together."""

from flowguard.models.registry import sources_of


def test_tables_are_followed_to_what_they_are_made_from() -> None:
    assert sources_of("gold.daily_order_metrics") == {
        *("silver.orders_cleaned", "silver.order_duplicates", "silver.order_refunds", "bronze.orders_raw")
    }
    assert not sources_of("bronze.orders_raw")
