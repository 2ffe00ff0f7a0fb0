"""``flowguard backfill``: days of tables are computed again."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from flowguard.cli.app import Home, app, console, day_option, remarks
from flowguard.errors import PlatformFailed
from flowguard.local.home import running
from flowguard.settings import Settings, load_settings

if TYPE_CHECKING:
    from flowguard.spark.engine import Engine

INTERRUPTED = 130


@app.command()
def backfill(
    first: Annotated[datetime, day_option("--from", "First day, such as 2026-11-21.")],
    last: Annotated[datetime, day_option("--to", "Last day, included.")],
    tables: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,…",
            help="Tables, or all of a schema: gold, silver.orders_cleaned.  [default: all of silver and gold]",
            show_default=False,
        ),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            metavar="warehouse|spark",
            help="What computes.  [default: the warehouse, or Spark from FLOWGUARD_SPARK_FROM_EVENTS events on]",
            show_default=False,
        ),
    ] = None,
    home: Home = None,
) -> None:
    """Compute days of tables again. The result is the same however often it is done; ingestion goes on meanwhile.

    SILVER is computed from Bronze, GOLD from SILVER; the days of GOLD that change with SILVER follow. Without
    --tables, Bronze is left alone: name bronze.orders_raw, bronze.clicks_raw or all of bronze to decode its stored
    bytes again with today's rules. Days are UTC: of arrival for Bronze and quarantine, of the event for all others.

    If the platform runs, this launches a run of Dagster, where people see it, and follows it. Otherwise it works on
    the tables directly, and Dagster does not know of it. Ctrl-C stops it: what is done is whole, the rest is as it
    was, and it says how to go on.
    """
    from flowguard.rounds.rebuildable import BY_DEFAULT, refuse_days, tables_named
    from flowguard.spark.engine import engine_named

    settings = load_settings(home)
    named = engine_named(engine) if engine is not None else None
    chosen = tables_named(name.strip() for name in tables.split(",")) if tables is not None else BY_DEFAULT
    days = first.date(), last.date()
    refuse_days(settings, *days)
    if (webserver := _webserver(settings)) is not None:
        _by_dagster(webserver, chosen, *days, named)
    else:
        _directly(settings, chosen, *days, named)


def _webserver(settings: Settings) -> Settings | None:
    """Settings with the port of the home's running webserver; None if nothing runs there."""
    platform = running(settings.home)
    if platform is None:
        return None
    part = platform.parts.get("webserver")
    if part is None:
        raise PlatformFailed(f"the platform in {settings.home} is still starting: try again in a moment")
    return settings.model_copy(update={"webserver_port": int(part["address"].rpartition(":")[2])})


def _by_dagster(settings: Settings, tables: Sequence[str], first: date, last: date, engine: "Engine | None") -> None:
    from flowguard.local.backfill import launch

    days = (last - first).days + 1
    with remarks.status(f"launching: Dagster writes down {len(tables) * days:,} partitions to be rebuilt"):
        run = launch(settings, tables, first, last, engine)
    _tell(run.page)
    with remarks.status("waiting for its turn") as status:

        def reported(partitions: int) -> None:
            if partitions:
                status.update(f"{partitions:,} partitions reported to Dagster")

        try:
            run.follow(on_message=_tell, on_reported=reported)
        except KeyboardInterrupt:
            status.update("stopping")
            run.cancel()
            with suppress(PlatformFailed):  # that it was cancelled
                run.follow(on_message=_tell, on_reported=reported)
            raise typer.Exit(INTERRUPTED) from None
    console.print("Done.")


def _directly(settings: Settings, tables: Sequence[str], first: date, last: date, engine: "Engine | None") -> None:
    from flowguard.rounds.backfill import Done, Step
    from flowguard.rounds.holds import waiting
    from flowguard.spark.engine import engine_by_default, rebuild_by
    from flowguard.spark.submit import submit
    from flowguard.warehouse import open_warehouse

    open_warehouse(settings, read_only=True).close()  # a mistyped --home must not create one
    begun: list[Step] = []
    with _stopping(begun, last), closing(open_warehouse(settings)) as warehouse, remarks.status("counting") as status:

        def begin(step: Step) -> None:
            begun.append(step)
            status.update(str(step))

        def done(done: Done) -> None:
            _tell(f"{done.step}: {done.rows:,} rows in {done.seconds:.1f} s")

        run_id = f"backfill-{uuid4()}"
        chosen = engine or engine_by_default(warehouse, settings, tables, first, last)
        rebuild = rebuild_by(chosen, partial(submit, settings), _tell)
        rebuild(warehouse, settings, tables, first, last, run_id=run_id, on_begin=begin, on_done=done)
        for held in waiting(warehouse).held:
            _tell(f"{held}. {held.advice}")
    console.print("Done.")


@contextmanager
def _stopping(begun: Sequence[Any], last: date) -> Iterator[None]:
    """Say how to go on, whatever stopped it."""
    try:
        yield
    except BaseException as stopped:
        if begun:
            _tell(begun[-1].how_to_go_on(last))
        if isinstance(stopped, KeyboardInterrupt):
            raise typer.Exit(INTERRUPTED) from None
        raise


def _tell(line: str) -> None:
    remarks.print(line, markup=False, soft_wrap=True)
