"""GOLD as files, to be compared bytes for bytes."""

from flowguard.models.registry import MODELS
from flowguard.warehouse import Warehouse


def gold_as_csv(warehouse: Warehouse) -> dict[str, str]:
    """Every table of GOLD, whole, its rows ordered by their keys. No column of GOLD says when it was computed."""
    return {
        model.full_name: warehouse.query(
            f"SELECT {', '.join(model.column_names)} FROM {model.full_name} ORDER BY {', '.join(model.keys)}"
        ).write_csv()
        for model in MODELS
        if model.schema == "gold"
    }
