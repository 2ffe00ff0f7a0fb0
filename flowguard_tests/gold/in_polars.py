"""GOLD once more, by polars from SILVER and Bronze: a second opinion that shares no text with the models.

Ratios are exact fractions.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from math import floor

import polars as pl
from polars.testing import assert_frame_equal

from flowguard.gold.tables import GOLD
from flowguard.warehouse import Warehouse

Frames = Mapping[str, pl.DataFrame]
SOURCES = (
    "bronze.orders_raw", "bronze.clicks_raw", "ops.ingest_ranges", "ops.quarantine", "silver.orders_cleaned",
    "silver.order_refunds", "silver.order_duplicates", "silver.clicks_cleaned", "silver.click_duplicates",
    "silver.attributed_orders",
)  # fmt: skip
_SHOWN, _CLICKED = pl.col("event_type") == "impression", pl.col("event_type") == "click"
_ITEM = ("item_name", "category")


def read(warehouse: Warehouse) -> dict[str, pl.DataFrame]:
    """GOLD and the tables from which it is computed."""
    with warehouse.session() as session, session.snapshot():
        names = (*SOURCES, *(model.full_name for model in GOLD))
        return {name: session.query(f"SELECT * FROM {name}") for name in names}


def assert_right(tables: Frames) -> None:
    """Every table of GOLD is what polars makes of the tables that it is computed from."""
    expected = compute(tables)
    assert set(expected) == {model.full_name for model in GOLD}
    for model in GOLD:
        found = tables[model.full_name]
        wanted = expected[model.full_name].select(pl.col(name).cast(type) for name, type in found.schema.items())
        assert_frame_equal(found.sort(model.keys), wanted.sort(model.keys))


def compute(sources: Frames) -> dict[str, pl.DataFrame]:
    """Every GOLD table by full name, in no particular order of rows."""
    orders = sources["silver.orders_cleaned"].rename({"order_date": "date"})
    clicks = sources["silver.clicks_cleaned"].rename({"event_date": "date"})
    funnel = _funnel(clicks, sources["silver.attributed_orders"])
    return {
        "gold.daily_order_metrics": _daily(orders),
        "gold.hourly_order_metrics": _hourly(orders),
        "gold.food_performance": _food(orders),
        "gold.funnel_metrics": _with_rates(funnel, ctr=("clicks", "impressions"), click_to_order_rate=_CONVERSION),
        "gold.category_conversion": _categories(funnel),
        "gold.click_heatmap": _heatmap(clicks),
        "gold.user_sessions": _sessions(orders, clicks),
        "gold.flow_ledger": _ledger(sources),
        "gold.user_engagement": _engagement(orders, clicks),
        "gold.user_cohorts": _cohorts(orders),
    }


_CONVERSION = ("converted_clicks", "clicks")


def _daily(orders: pl.DataFrame) -> pl.DataFrame:
    back = pl.col("refunded_at").is_not_null()
    days = orders.group_by("date").agg(
        total_orders=pl.len(),
        total_revenue=pl.col("price").sum(),
        unique_users=pl.col("user_id").n_unique(),
        refunded_orders=back.sum(),
        refunded_revenue=pl.col("price").filter(back).sum(),
    )
    return days.with_columns(
        net_revenue=pl.col("total_revenue") - pl.col("refunded_revenue"),
        avg_order_value=_divided("total_revenue", "total_orders", places=2),
    )


def _hourly(orders: pl.DataFrame) -> pl.DataFrame:
    return orders.group_by("date", hour=pl.col("order_timestamp").dt.hour()).agg(
        total_orders=pl.len(), total_revenue=pl.col("price").sum(), unique_users=pl.col("user_id").n_unique()
    )


def _food(orders: pl.DataFrame) -> pl.DataFrame:
    sold = (
        orders.sort("order_timestamp", "event_id")
        .group_by("date", "item_id")
        .agg(pl.col(_ITEM).last(), total_orders=pl.len(), revenue=pl.col("price").sum())
    )
    ranked = sold.sort("date", "revenue", "item_id", descending=[False, True, False])
    return ranked.with_columns(
        avg_price=_divided("revenue", "total_orders", places=2),
        revenue_rank=pl.int_range(1, pl.len() + 1).over("date"),
    )


def _funnel(clicks: pl.DataFrame, attributed: pl.DataFrame) -> pl.DataFrame:
    seen = (
        clicks.sort("event_timestamp", "event_id")
        .group_by("date", "item_id")
        .agg(pl.col(_ITEM).last(), impressions=_SHOWN.sum(), clicks=_CLICKED.sum())
    )
    led = attributed.filter(pl.col("click_event_id").is_not_null(), model="last_click").select(
        "price",
        "click_event_id",
        "click_timestamp",
        date=pl.col("click_timestamp").dt.date(),
        item_id="clicked_item_id",
    )
    converted = led.group_by("date", "item_id").agg(
        converted_clicks=pl.struct("click_event_id", "click_timestamp").n_unique(),
        attributed_orders=pl.len(),
        attributed_revenue=pl.col("price").sum(),
    )
    return seen.join(converted, on=["date", "item_id"], how="left").with_columns(
        pl.col("converted_clicks", "attributed_orders").fill_null(0), pl.col("attributed_revenue").fill_null(Decimal(0))
    )


def _categories(funnel: pl.DataFrame) -> pl.DataFrame:
    numbers = ("impressions", "clicks", "converted_clicks", "attributed_orders", "attributed_revenue")
    summed = funnel.group_by("date", "category").agg(pl.col(numbers).sum())
    return _with_rates(summed, click_to_order_rate=_CONVERSION)


def _heatmap(clicks: pl.DataFrame) -> pl.DataFrame:
    latest = pl.col("category").sort_by("event_timestamp", "event_id").last().over("date", "item_id")
    hours = clicks.with_columns(category=latest, hour=pl.col("event_timestamp").dt.hour())
    return hours.group_by("date", "hour", "category").agg(impressions=_SHOWN.sum(), clicks=_CLICKED.sum())


def _sessions(orders: pl.DataFrame, clicks: pl.DataFrame) -> pl.DataFrame:
    keys = ["date", "user_id", "session_id"]
    looked = clicks.group_by(keys).agg(impressions=_SHOWN.sum(), clicks=_CLICKED.sum())
    bought = orders.group_by(keys).agg(orders=pl.len(), revenue=pl.col("price").sum())
    both = looked.join(bought, on=keys, how="full", coalesce=True, nulls_equal=True)
    return both.with_columns(
        pl.col("impressions", "clicks", "orders").fill_null(0), pl.col("revenue").fill_null(Decimal(0))
    )


def _engagement(orders: pl.DataFrame, clicks: pl.DataFrame) -> pl.DataFrame:
    columns = ["date", "user_id", "session_id"]
    everything = pl.concat(
        [
            orders.select(*columns, event_type=pl.lit("order")),
            clicks.select(*columns, "event_type"),
        ]
    )
    is_first = pl.col("date") == pl.col("date").min().over("user_id")
    days = (
        everything.with_columns(newcomer=pl.when(is_first).then("user_id"))
        .group_by("date")
        .agg(
            active_users=pl.col("user_id").n_unique(),
            new_users=pl.col("newcomer").drop_nulls().n_unique(),
            sessions=pl.col("session_id").drop_nulls().n_unique(),
            impressions=_SHOWN.sum(),
            clicks=_CLICKED.sum(),
            orders=(pl.col("event_type") == "order").sum(),
        )
    )
    return days.with_columns(
        clicks_per_session=_divided("clicks", "sessions"), orders_per_user=_divided("orders", "active_users")
    )


def _cohorts(orders: pl.DataFrame) -> pl.DataFrame:
    weekly = orders.with_columns(week=pl.col("date").dt.truncate("1w"))
    cohorts = weekly.with_columns(cohort_week=pl.col("week").min().over("user_id"))
    sizes = cohorts.group_by("cohort_week").agg(cohort_users=pl.col("user_id").n_unique())
    cells = cohorts.group_by("cohort_week", "week").agg(
        active_users=pl.col("user_id").n_unique(), orders=pl.len(), revenue=pl.col("price").sum()
    )
    joined = cells.join(sizes, on="cohort_week").with_columns(
        weeks_since=(pl.col("week") - pl.col("cohort_week")).dt.total_days() // 7
    )
    return _with_rates(joined, retention=("active_users", "cohort_users"))


def _ledger(sources: Frames) -> pl.DataFrame:
    keys = ["arrival_date", "topic"]
    ranges = sources["ops.ingest_ranges"].with_columns(length=pl.col("end_offset") - pl.col("start_offset"))
    records = pl.col("kind") == "records"
    found = ranges.group_by(keys).agg(
        offsets=pl.col("length").sum(),
        skipped=pl.col("skipped").filter(records).sum(),
        lost=pl.col("length").filter(~records).sum(),
    )
    refused = sources["ops.quarantine"].filter(pl.col("status") != "redriven")
    by_rules = pl.col("stage") == "silver"
    counted = {
        "bronze_rows": _rows(sources, "bronze.orders_raw", "bronze.clicks_raw"),
        "quarantined": refused.filter(~by_rules),
        "silver_rows": _rows(sources, "silver.orders_cleaned", "silver.order_refunds", "silver.clicks_cleaned"),
        "duplicates": _rows(sources, "silver.order_duplicates", "silver.click_duplicates"),
        "rejected": refused.filter(by_rules),
    }
    for name, rows in counted.items():
        numbers = rows.group_by(arrival_date="_arrival_date", topic="_topic").agg(pl.len().alias(name))
        found = found.join(numbers, on=keys, how="full", coalesce=True)
    found = found.with_columns(pl.exclude(keys).fill_null(0))
    taken = pl.col("bronze_rows") + pl.col("quarantined") + pl.col("skipped") + pl.col("lost")
    kept = pl.col("silver_rows") + pl.col("duplicates") + pl.col("rejected")
    return found.with_columns(balanced=(pl.col("offsets") == taken) & (pl.col("bronze_rows") == kept))


def _rows(sources: Frames, *tables: str) -> pl.DataFrame:
    return pl.concat(sources[table].select("_arrival_date", "_topic") for table in tables)


def _with_rates(frame: pl.DataFrame, **rates: tuple[str, str]) -> pl.DataFrame:
    return frame.with_columns(_divided(*pair, times=100).alias(name) for name, pair in rates.items())


def _divided(part: str, whole: str, *, times: int = 1, places: int = 4) -> pl.Expr:
    return pl.struct(part, whole).map_elements(
        lambda row: rounded(times * Fraction(row[part]) / row[whole], places) if row[whole] else None,
        return_dtype=pl.Decimal(18, places),
    )


def rounded(value: Fraction, places: int) -> Decimal:
    """Half away from zero; exact before that."""
    return Decimal(floor(value * 10**places + Fraction(1, 2))).scaleb(-places)
