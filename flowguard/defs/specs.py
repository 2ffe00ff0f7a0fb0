"""What people see of a table in Dagster: description, columns, SQL, lineage, owner."""

from collections.abc import Iterable

import dagster as dg

from flowguard.defs.keys import group_of, key_of, topic_key
from flowguard.defs.partitions import daily
from flowguard.gold.tables import DAILY_REPORT
from flowguard.models.ops import OUTBOX
from flowguard.models.table import Column, Model, Table
from flowguard.settings import Settings


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
