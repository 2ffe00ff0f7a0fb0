"""What a backfill refuses, before anything is changed."""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches

from flowguard.bronze.tables import CLICKS_RAW, ORDERS_RAW
from flowguard.errors import InvalidInput, WarehouseCorrupt
from flowguard.gold.tables import DAILY_REPORT
from flowguard.models.ops import QUARANTINE
from flowguard.models.registry import BY_NAME, MODELS
from flowguard.settings import PREFIX, Settings
from flowguard.silver.tables import SILVER
from flowguard.warehouse import Session

RAW = (ORDERS_RAW.full_name, CLICKS_RAW.full_name)
BY_DEFAULT = tuple(model.full_name for model in MODELS)
"""SILVER and GOLD: what is computed from Bronze."""
REBUILDABLE = (*RAW, QUARANTINE.full_name, *BY_DEFAULT)
_SILVER = {model.full_name: model for model in SILVER}
_MOST_DAYS_NAMED = 3

_INCOMPLETE = """
WITH counted AS (
    SELECT topic, arrival_date, SUM(bronze_rows + quarantined) AS ingested, 0 AS kept
    FROM ops.ingest_ranges WHERE kind = 'records' GROUP BY topic, arrival_date
    UNION ALL
    SELECT _topic, _arrival_date, 0, COUNT(*) FROM bronze.orders_raw GROUP BY _topic, _arrival_date
    UNION ALL
    SELECT _topic, _arrival_date, 0, COUNT(*) FROM bronze.clicks_raw GROUP BY _topic, _arrival_date
    UNION ALL
    SELECT _topic, _arrival_date, 0, COUNT(*) FROM ops.quarantine
    WHERE stage = 'bronze' AND status <> 'redriven' GROUP BY _topic, _arrival_date
)
SELECT arrival_date, topic, CAST(SUM(ingested) AS BIGINT) AS ingested, CAST(SUM(kept) AS BIGINT) AS kept
FROM counted
WHERE topic IN ({topics}) AND arrival_date >= CAST('{first}' AS DATE) AND arrival_date <= CAST('{last}' AS DATE)
GROUP BY arrival_date, topic
HAVING SUM(ingested) <> SUM(kept)
ORDER BY arrival_date, topic
"""


def refuse_days(settings: Settings, first: date, last: date) -> None:
    """Raises InvalidInput unless first to last are days that have begun and are not before the start date."""
    today = datetime.now(UTC).date()
    if first > last:
        raise InvalidInput(f"the first day, {first}, is after the last, {last}: swap them")
    if last > today:
        raise InvalidInput(f"{max(first, today + timedelta(days=1))} has not begun: today is {today} (UTC)")
    if first < settings.start_date:
        raise InvalidInput(
            f"{first} is before the start date {settings.start_date}, from which on events are kept: begin there; "
            f"to keep earlier ones, move {PREFIX}START_DATE back in {settings.home / 'settings.env'} and redrive"
        )


def refuse_tables(tables: Iterable[str]) -> None:
    """Raises InvalidInput for a table that does not exist, or that nothing can compute again."""
    for name in tables:
        if name in REBUILDABLE:
            continue
        if name == DAILY_REPORT.full_name:
            raise InvalidInput(f"{name} is written, not computed: make it with `flowguard report`, or in Dagster")
        if name in BY_NAME:
            raise InvalidInput(f"{name} is a record of what happened: there is nothing to compute it from again")
        close = _close_to(name)
        raise InvalidInput(
            f"there is no table {name!r}; " + (f"did you mean {' or '.join(close)}?" if close else _all_tables())
        )


def tables_named(names: Iterable[str]) -> tuple[str, ...]:
    """Full names of tables, in the order of the flow, that are given by full or bare name, or by schema.

    Raises:
        InvalidInput: a name is none, or nothing can compute that table again.
    """
    bare = {full.split(".")[1]: full for full in BY_NAME}
    chosen: set[str] = set()
    for name in names:
        of_schema = {full for full in REBUILDABLE if full.startswith(f"{name}.")}
        chosen |= of_schema or {bare.get(name, name)}
    refuse_tables(sorted(chosen))
    return tuple(full for full in REBUILDABLE if full in chosen)


def refuse_incomplete(session: Session, settings: Settings, tables: Collection[str], first: date, last: date) -> None:
    """Bronze must still hold what was ingested, or what is computed from it would silently be less.

    SILVER's days need Bronze of their own and all later days, since events come late.

    Raises:
        WarehouseCorrupt: it does not; names days and counts.
    """
    topics = _topics(settings, tables)
    if not topics:
        return
    if not set(_SILVER).isdisjoint(tables):
        first, last = first - timedelta(days=1) - settings.future_tolerance, date.max
    listed = ", ".join(f"'{topic}'" for topic in topics)
    missing = session.query(_INCOMPLETE.format(topics=listed, first=first, last=last))
    if missing.is_empty():
        return
    named = "; ".join(
        f"of the {ingested:,} records of {topic} that arrived on {day}, {kept:,} are kept"
        for day, topic, ingested, kept in missing.head(_MOST_DAYS_NAMED).iter_rows()
    )
    more = f"; and so on, {missing.height} days in all" if missing.height > _MOST_DAYS_NAMED else ""
    raise WarehouseCorrupt(
        f"these days cannot be rebuilt, and nothing was changed: {named}{more} (ops.ingest_ranges counts what was "
        "ingested, Bronze and ops.quarantine hold what is kept). `flowguard ledger --verify` counts each partition; "
        f"restore {settings.home / 'warehouse'} from a backup, or ingest the topics into a new home"
    )


def _topics(settings: Settings, tables: Collection[str]) -> list[str]:
    """The topics of the stored records that tables are computed from; GOLD is computed from SILVER alone."""
    chosen = set().union(*(_raw_of(name) for name in tables))
    by_raw = {ORDERS_RAW.full_name: settings.orders_topic, CLICKS_RAW.full_name: settings.clicks_topic}
    return [by_raw[name] for name in sorted(chosen)]


def _raw_of(name: str) -> set[str]:
    if name == QUARANTINE.full_name:
        return set(RAW)
    if name in RAW:
        return {name}
    return set().union(*(_raw_of(source) for source in _SILVER[name].reads)) if name in _SILVER else set()


def _close_to(name: str) -> list[str]:
    """Tables whose full or bare name is like the one given."""
    by_name = {key: full for full in REBUILDABLE for key in (full, full.split(".")[1])}
    return list(dict.fromkeys(by_name[key] for key in get_close_matches(name.lower(), by_name, n=4)))[:3]


def _all_tables() -> str:
    return f"there are {', '.join(REBUILDABLE)}"
