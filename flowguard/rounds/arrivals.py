"""From days of arrival to days of events."""

from collections.abc import Iterable
from datetime import date

from flowguard.warehouse import Session

# Days of events, of the orders that refunds name, and of the clicks before orders.
_HAPPENED = """
WITH happened AS (
    SELECT CAST(event_timestamp AS DATE) AS day FROM bronze.orders_raw WHERE {arrived} UNION
    SELECT CAST(event_timestamp AS DATE) FROM bronze.clicks_raw WHERE {arrived}
)
SELECT day FROM happened UNION
SELECT order_date FROM silver.orders_cleaned WHERE CAST(refunded_at AS DATE) IN (SELECT day FROM happened) UNION
SELECT CAST(click_timestamp AS DATE) FROM silver.attributed_orders
WHERE order_date IN (SELECT day FROM happened) AND click_timestamp IS NOT NULL
"""


def happened_on(session: Session, arrived: Iterable[date]) -> set[date]:
    """The days of GOLD that the events concern which arrived on some days and passed the rules."""
    listed = ", ".join(f"CAST('{arrival}' AS DATE)" for arrival in sorted(arrived))
    return set(session.query(_HAPPENED.format(arrived=f"_rule IS NULL AND _arrival_date IN ({listed})")).to_series())
