"""What Snowflake tells of the statements of a run, by their QUERY_TAG."""

import json
from datetime import datetime
from typing import TYPE_CHECKING

from flowguard.warehouse.base import Spent
from flowguard.warehouse.snowflake.errors import translated
from flowguard.warehouse.tag import asset_of, tag

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

HISTORY = (
    "TABLE(information_schema.query_history_by_user("
    "end_time_range_start => TO_TIMESTAMP_LTZ('{since}'), result_limit => 10000))"
)
"""The newest statements of the user who asks; it needs no grant, but a virtual warehouse that is awake."""
SPENT = """
SELECT query_tag, COUNT(*), SUM(execution_time), SUM(bytes_scanned), SUM(credits_used_cloud_services)
FROM {history} WHERE CONTAINS(query_tag, '{run}') GROUP BY query_tag
"""
"""``execution_time`` in milliseconds."""


def spent(connection: "SnowflakeConnection", run_id: str, since: datetime) -> dict[str, Spent]:
    """What a run's statements about each table have cost since an instant of UTC, which is at most 7 days ago."""
    told = HISTORY.format(since=f"{since:%Y-%m-%d %H:%M:%S}")
    asked = SPENT.format(history=told, run=f'"run_id": {json.dumps(run_id)}')
    found = {}
    with translated():
        cursor = connection.cursor()
        cursor.execute(asked, _statement_params={"QUERY_TAG": tag(None)})
        for of, statements, milliseconds, scanned, credits in cursor:
            if asset := asset_of(of):
                seconds = float(milliseconds or 0) / 1000
                found[asset] = Spent(statements, seconds, int(scanned or 0), float(credits or 0))
    return found
