"""What people see of a table in Dagster: description, columns, SQL, lineage, owner."""

from collections.abc import Iterable
from datetime import timedelta

import dagster as dg

from flowguard.bronze.tables import CLICKS_RAW, ORDERS_RAW
from flowguard.defs.keys import group_of, key_of, topic_key
from flowguard.defs.partitions import daily
from flowguard.gold.tables import DAILY_REPORT, GOLD
from flowguard.models.ops import OUTBOX
from flowguard.models.table import Column, Model, Table
from flowguard.settings import Settings

RAW = (ORDERS_RAW, CLICKS_RAW)
_LONGEST_DAY = timedelta(hours=26)
"""From one midnight to the next, with time for the run."""
_LEAST_WINDOW = timedelta(minutes=1)
"""What Dagster takes."""


def specs(tables: Iterable[Table], settings: Settings) -> list[dg.AssetSpec]:
    """Assets of tables, partitioned by day where they have days.

    Skippable: a run tells of the partitions that changed, and of no others.
    """
    days = daily(settings)
    return [
        dg.AssetSpec(
            key_of(table.full_name),
            deps=_deps(table, settings),
            description=table.description,
            metadata=_metadata(table),
            group_name=group_of(table),
            owners=[settings.owner],
            tags={"schema": table.schema},
            kinds=_kinds(table),
            partitions_def=days if table.day else None,
            skippable=True,
            freshness_policy=_freshness(table, settings),
        )
        for table in tables
    ]


def topic_specs(settings: Settings) -> list[dg.AssetSpec]:
    """The Kafka topics: where everything comes from, and where attributed orders go."""
    descriptions = ("Order events", "Impressions and clicks", "What the gateway refused, with the reason")
    outbox = [key_of(OUTBOX.full_name)]
    attributed = _topic(settings.attributed_topic, "Attributed orders, as they change", "2_silver", outbox)
    ingested = (
        _topic(topic, description, "0_kafka", [])
        for topic, description in zip(settings.topics, descriptions, strict=True)
    )
    return [spec.replace_attributes(owners=[settings.owner]) for spec in (*ingested, attributed)]


def _topic(topic: str, description: str, group: str, deps: list[dg.AssetKey]) -> dg.AssetSpec:
    return dg.AssetSpec(
        topic_key(topic), deps=deps, description=description, group_name=group, kinds={"kafka", "topic"}
    )


def _deps(table: Table, settings: Settings) -> list[dg.AssetKey]:
    if table.reads:
        return [key_of(name) for name in table.reads]
    topics = {"bronze.orders_raw": (settings.orders_topic,), "bronze.clicks_raw": (settings.clicks_topic,)}
    return [topic_key(topic) for topic in topics.get(table.full_name, settings.topics)]


def _freshness(table: Table, settings: Settings) -> dg.FreshnessPolicy | None:
    """What Dagster's own pages say, by the newest materialization alone; the check ``freshness`` says more.

    GOLD is computed each midnight, of a day on which something came. Bronze changes only while somebody sends.
    """
    if table in GOLD:
        return dg.FreshnessPolicy.time_window(_LONGEST_DAY)
    if table in RAW and settings.expected_traffic:
        return dg.FreshnessPolicy.time_window(max(settings.expected_traffic, _LEAST_WINDOW))
    return None


def _kinds(table: Table) -> set[str]:
    if table is DAILY_REPORT:
        return {"ducklake", "html", "markdown"}
    return {"duckdb", "ducklake", "sql"} if table.reads else {"kafka", "polars", "ducklake"}


def _metadata(table: Table) -> dict[str, object]:
    sql = {"sql": dg.MetadataValue.md(f"```sql\n{table.sql.strip()}\n```")} if isinstance(table, Model) else {}
    return {
        "dagster/column_schema": dg.TableSchema(columns=[_column(column) for column in table.columns]),
        "dagster/table_name": table.full_name,
        "keys": ", ".join(table.keys),
        **sql,
    }


def _column(column: Column) -> dg.TableColumn:
    constraints = dg.TableColumnConstraints(nullable=not column.required)
    return dg.TableColumn(column.name, column.type, column.description, constraints)
