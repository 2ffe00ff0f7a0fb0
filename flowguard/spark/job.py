"""The job that ``spark-submit`` is given: ``job.py PLAN.json``, see `flowguard.spark.plan`.

One file without FlowGuard beside it. It reads Parquet files into temporary views, runs the plan's steps one after the
other, and writes each step's rows as Parquet files; no rows come to the driver.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

MOST_ROWS_PER_FILE = 5_000_000
TASKS_PER_CORE, FEWEST_TASKS = 8, 32
"""Of a shuffle, before adaptive execution merges the small ones: enough that a large table comes in small pieces."""
_SHUFFLE_PARTITIONS = "spark.sql.shuffle.partitions"
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.adaptive.enabled": "true",
    # A broadcast goes through the driver: what is small by its file's size can be more than its memory holds.
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    "spark.sql.adaptive.autoBroadcastJoinThreshold": "-1",
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
}
"""What the tables, and the driver's memory, depend on, whatever the cluster's defaults are."""

Tell = Callable[[dict[str, Any]], None]
"""Takes what a step did: table, rows, seconds."""


def main(file: str) -> None:
    """Do what a plan says."""
    plan = json.loads(Path(file).read_text())
    with _pipes() as tell, session() as spark:
        run(spark, plan, tell)


def run(spark: SparkSession, plan: dict[str, Any], tell: Tell) -> None:
    """Compute the plan's tables one after the other, each from what the ones before have written."""
    views = {source["table"]: _read(spark, source) for source in plan["sources"]}
    for table, rows in views.items():
        rows.createOrReplaceTempView(view_name(table))
    for name, select in plan["kept"].items():
        spark.sql(select).createOrReplaceTempView(name)
    for number, step in enumerate(plan["steps"], 1):
        table, started = step["table"], time.monotonic()
        spark.sparkContext.setJobDescription(table)
        written = _write(spark, step)
        count, seconds = written.count(), time.monotonic() - started
        if table in views:
            views[table] = views[table].where(f"({step['replaced']}) IS NOT TRUE").unionByName(written)
            views[table].createOrReplaceTempView(view_name(table))
        place = f"step {number} of {len(plan['steps'])}"
        print(f"{place}: {table}, {count:,} rows in {seconds:.1f} s", flush=True)  # noqa: T201
        tell({"table": table, "rows": count, "seconds": round(seconds, 3)})


def view_name(table: str) -> str:
    """Temporary views have no schema."""
    return table.replace(".", "_")


def _read(spark: SparkSession, source: dict[str, Any]) -> DataFrame:
    """The rows of a table, with its columns in their order."""
    files = source["files"]
    names = [_name(file["data"]) for file in files]
    if len(set(names)) < len(names):
        raise ValueError(f"two files of {source['table']} have the same name, by which their rows are told apart")
    whole = [file for file in files if not file["deletes"]]
    parts = [file for file in files if file["deletes"]]
    rows = _with_days(spark, source, whole)
    if parts:
        rows = rows.unionByName(_without_deleted(spark, source, parts))
    return rows.select(*source["columns"])


def _with_days(spark: SparkSession, source: dict[str, Any], files: list[dict[str, Any]]) -> DataFrame:
    """The rows of files, with the day where their file lacks it; ``_file`` and ``_row`` tell where a row stands."""
    if not files:
        return _empty(spark, source["columns"] | {"_file": "STRING", "_row": "BIGINT"})
    place = (F.col("_metadata.file_name").alias("_file"), F.col("_metadata.row_index").alias("_row"))
    rows = _load(spark, source["columns"], [file["data"] for file in files]).select("*", *place)
    lacking = [(_name(file["data"]), file["day"]) for file in files if file["day"]]
    if not lacking:
        return rows
    days = F.broadcast(_inline(spark, lacking, "_file", "_given"))
    day = F.coalesce(source["day"], F.col("_given").cast("DATE"))
    return rows.join(days, "_file", "left").withColumn(source["day"], day).drop("_given")


def _without_deleted(spark: SparkSession, source: dict[str, Any], files: list[dict[str, Any]]) -> DataFrame:
    """The rows of files whose positions are not among the deleted ones."""
    pairs = [(_name(file["deletes"]), _name(file["data"])) for file in files]
    of = F.broadcast(_inline(spark, pairs, "_deletes", "_file"))
    deletes = _load(spark, {"pos": "BIGINT"}, sorted({file["deletes"] for file in files}))
    deleted = deletes.select(F.col("pos").alias("_row"), F.col("_metadata.file_name").alias("_deletes"))
    return _with_days(spark, source, files).join(deleted.join(of, "_deletes"), ["_file", "_row"], "left_anti")


def _write(spark: SparkSession, step: dict[str, Any]) -> DataFrame:
    """Write the rows of a step, and give them as they were written.

    REBALANCE brings the rows of a day together, so that a day has few files, but leaves a huge one to several tasks.
    """
    columns = [f"CAST(`{name}` AS {type}) AS `{name}`" for name, type in step["columns"].items()]
    by_day = step["day"] is not None
    if by_day:
        columns.append(f"`{step['day']}` AS _day")
    rows = spark.sql(
        f"SELECT /*+ REBALANCE{'(_day)' if by_day else ''} */ * "
        f"FROM (SELECT {', '.join(columns)} FROM ({step['select']}) AS rows) AS typed"
    )
    writer = rows.write.mode("overwrite").option("compression", "zstd").option("maxRecordsPerFile", MOST_ROWS_PER_FILE)
    (writer.partitionBy("_day") if by_day else writer).parquet(step["to"])
    return _load(spark, step["columns"], [step["to"]]).select(*step["columns"])


def _load(spark: SparkSession, columns: dict[str, str], paths: list[str]) -> DataFrame:
    return spark.read.schema(", ".join(f"`{name}` {type}" for name, type in columns.items())).parquet(*paths)


def _inline(spark: SparkSession, rows: list[tuple[str, str]], *columns: str) -> DataFrame:
    """A few texts as rows. In SQL, because a frame of Python objects would take a Python on each executor."""
    values = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)
    return spark.sql(f"SELECT * FROM VALUES {values} AS inline({', '.join(columns)})")


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _empty(spark: SparkSession, columns: dict[str, str]) -> DataFrame:
    nulls = ", ".join(f"CAST(NULL AS {type}) AS `{name}`" for name, type in columns.items())
    return spark.sql(f"SELECT {nulls} LIMIT 0")


def _name(path: str) -> str:
    return PurePosixPath(path).name


@contextmanager
def session() -> Iterator[SparkSession]:
    """Spark as it was submitted, with the settings that the tables depend on."""
    builder = SparkSession.builder.appName("flowguard")
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    context = spark.sparkContext
    if not context.getConf().contains(_SHUFFLE_PARTITIONS):
        spark.conf.set(_SHUFFLE_PARTITIONS, max(FEWEST_TASKS, TASKS_PER_CORE * context.defaultParallelism))
    try:
        yield spark
    finally:
        spark.stop()


@contextmanager
def _pipes() -> Iterator[Tell]:
    """Where progress is told besides standard output: to Dagster, if it launched this."""
    try:
        import dagster_pipes
    except ImportError:
        yield lambda done: None
        return
    if not dagster_pipes.PipesEnvVarParamsLoader().is_dagster_pipes_process():
        yield lambda done: None
        return
    with dagster_pipes.open_dagster_pipes() as context:
        yield context.report_custom_message


if __name__ == "__main__":
    main(sys.argv[1])
