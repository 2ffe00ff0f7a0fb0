"""Names: which asset is which table or topic."""

import dagster as dg

from flowguard.models.table import Table

_GROUPS = {"bronze": "1_bronze", "silver": "2_silver", "gold": "3_gold", "ops": "ops"}


def key_of(full_name: str) -> dg.AssetKey:
    """The asset of a table, given as schema.table."""
    return dg.AssetKey(full_name.split("."))


def name_of(key: dg.AssetKey) -> str:
    """The table of an asset, as schema.table."""
    return ".".join(key.path)


def topic_key(topic: str) -> dg.AssetKey:
    """The source asset of a Kafka topic."""
    return dg.AssetKey(["kafka", topic])


def group_of(table: Table) -> str:
    """Groups sort in the order of the data's way."""
    return _GROUPS[table.schema]
