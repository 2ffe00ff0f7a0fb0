"""From Kafka records to frames: Bronze rows, and quarantine entries for what breaks the contract or a rule."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec
import polars as pl

from flowguard.bronze.contract import CLICK_CONTRACT, ORDER_CONTRACT, Contract, read_block
from flowguard.bronze.tables import CLICKS_RAW, ORDERS_RAW
from flowguard.events.contract import UNDECODABLE, Refusal, fit
from flowguard.events.rejected import RejectedEvent
from flowguard.events.rules import RULES, Limits, first_broken
from flowguard.models.ops import QUARANTINE
from flowguard.models.table import Table

_PLACE: dict[str, pl.DataType | type[pl.DataType]] = {
    "_topic": pl.String,
    "_generation": pl.Int32,
    "_partition": pl.Int32,
    "_offset": pl.Int64,
    "_arrived_at": pl.Datetime("us"),
    "_arrival_date": pl.Date,
    "payload": pl.Binary,
}
_REFUSAL: dict[str, type[pl.DataType]] = dict.fromkeys(("stage", "rule", "field", "message"), pl.String)
_NUMBERS = {"schema_version": pl.Int32, "position": pl.Int32}
_PLAIN_NUMBER = r"^-?\d+(\.\d+)?$"
_FIRST_INSTANT, _LAST_INSTANT = datetime.min, datetime.max


class Records(NamedTuple):
    """Records of one partition and arrival day, in order of their offsets."""

    topic: str
    generation: int
    partition: int
    arrival_date: date
    values: Sequence[bytes | None]
    offsets: Sequence[int]
    arrived_ms: Sequence[int]


class Decoded(NamedTuple):
    """Every record once: in ``rows`` (the Bronze table's columns), in ``quarantine`` at stage bronze, or, if it
    breaks a business rule, in ``rows`` and in ``quarantine`` at stage silver."""

    table: Table | None
    rows: pl.DataFrame
    quarantine: pl.DataFrame


def decode_orders(blocks: Iterable[Records], limits: Limits) -> Decoded:
    """Records of the order topic."""
    return _decode(ORDERS_RAW, ORDER_CONTRACT, blocks, limits)


def decode_clicks(blocks: Iterable[Records], limits: Limits) -> Decoded:
    """Records of the click topic."""
    return _decode(CLICKS_RAW, CLICK_CONTRACT, blocks, limits)


def decode_rejected(blocks: Iterable[Records], limits: Limits) -> Decoded:
    """Records of the topic of refused events: each is a quarantine entry at stage gateway."""
    entries = [entry for block in blocks for entry in _rejected_entries(block)]
    schema = {**_PLACE, **_REFUSAL}
    return Decoded(None, pl.DataFrame(), _quarantine(pl.DataFrame(entries, schema=schema, orient="row")))


def _decode(table: Table, contract: Contract, blocks: Iterable[Records], limits: Limits) -> Decoded:
    """One polars parse for all blocks together."""
    lines, places, refusals = [], [], []
    for block in blocks:
        read = read_block(contract, block.values)
        place = _place(block)
        if read.refused:
            refusals.append(_refused(place, read.refused))
            place = place.filter(~pl.int_range(pl.len()).is_in(list(read.refused)))
        lines.append(read.lines)
        places.append(place.with_columns(_unknown_fields=pl.Series(read.unknown or [0] * place.height, dtype=pl.Int32)))
    rows = _typed(table, b"".join(lines), pl.concat(places) if places else _no_places(), limits)
    broken = _broken(rows)
    return Decoded(table, rows, _quarantine(pl.concat([*refusals, broken])))


def _place(block: Records) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "_offset": pl.Series(block.offsets, dtype=pl.Int64),
            "_arrived_at": pl.Series(block.arrived_ms, dtype=pl.Int64).cast(pl.Datetime("ms")).cast(pl.Datetime("us")),
            "payload": pl.Series(block.values, dtype=pl.Binary),
        }
    ).select(
        pl.lit(block.topic).alias("_topic"),
        pl.lit(block.generation, pl.Int32).alias("_generation"),
        pl.lit(block.partition, pl.Int32).alias("_partition"),
        "_offset",
        "_arrived_at",
        pl.lit(block.arrival_date).alias("_arrival_date"),
        "payload",
    )


def _no_places() -> pl.DataFrame:
    return pl.DataFrame(schema={**_PLACE, "_unknown_fields": pl.Int32})


def _typed(table: Table, lines: bytes, places: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Canonical lines and the places of their records become the table's columns."""
    fields = {name: _NUMBERS.get(name, pl.String) for name in table.column_names if name in _fields_of(table)}
    parsed = pl.read_ndjson(lines, schema=fields) if lines else pl.DataFrame(schema=fields)
    instant = pl.col("event_timestamp").str.to_datetime("%+", time_unit="us", time_zone="UTC")
    events = pl.concat([parsed, places], how="horizontal").with_columns(
        instant.dt.replace_time_zone(None).clip(_FIRST_INSTANT, _LAST_INSTANT),
        pl.col("item_name").fill_null(pl.col("item_id")),
        pl.col("category").fill_null("uncategorised"),
    )
    is_orders = table is ORDERS_RAW
    if is_orders:
        events = events.with_columns(
            pl.col("currency").fill_null(limits.currency), _exact(events["price"]).alias("price_exact")
        )
    events = events.with_columns(first_broken(limits, orders=is_orders))
    if is_orders:
        holds = pl.col("_rule").ne_missing("price")
        events = events.with_columns(
            price=pl.when(holds).then("price_exact").str.to_decimal(scale=2).cast(pl.Decimal(18, 2))
        )
    return events.select(name for name in table.column_names if name in events.columns)


def _fields_of(table: Table) -> frozenset[str]:
    return (ORDER_CONTRACT if table is ORDERS_RAW else CLICK_CONTRACT).fields


def _exact(prices: pl.Series) -> pl.Series:
    """Prices as decimal text without exponent, NULL where that text would be absurd."""
    if prices.str.contains(_PLAIN_NUMBER).all():
        return prices
    plain = prices.str.contains(_PLAIN_NUMBER)
    return pl.select(pl.when(plain).then(prices).otherwise(prices.map_elements(_spelt_out, pl.String))).to_series()


def _spelt_out(text: str) -> str | None:
    price = Decimal(text)
    return f"{price:f}" if price.is_finite() and -100 < price.adjusted() < 100 else None


def _refused(place: pl.DataFrame, refused: dict[int, Refusal]) -> pl.DataFrame:
    reasons = [("bronze", why.rule, why.field, why.message) for why in refused.values()]
    return pl.concat([place[list(refused)], pl.DataFrame(reasons, schema=_REFUSAL, orient="row")], how="horizontal")


def _broken(rows: pl.DataFrame) -> pl.DataFrame:
    messages = {rule.name: rule.message for rule in RULES}
    fields = {rule.name: rule.field for rule in RULES}
    return rows.filter(pl.col("_rule").is_not_null()).select(
        *_PLACE,
        pl.lit("silver").alias("stage"),
        pl.col("_rule").alias("rule"),
        pl.col("_rule").replace_strict(fields, return_dtype=pl.String).alias("field"),
        pl.col("_rule").replace_strict(messages, return_dtype=pl.String).alias("message"),
    )


def _quarantine(entries: pl.DataFrame) -> pl.DataFrame:
    entries = entries.with_columns(
        status=pl.lit("open"),
        redrives=pl.lit(0, pl.Int32),
        reason=pl.lit(None, pl.String),
        decided_at=pl.lit(None, pl.Datetime("us")),
    )
    return entries.select(name for name in QUARANTINE.column_names if name in entries.columns)


_read_rejected = msgspec.json.Decoder(RejectedEvent).decode


def _rejected_entries(block: Records) -> Iterable[tuple[object, ...]]:
    for place in _place(block).iter_rows():
        *coordinates, value = place
        try:
            event = _read_rejected(value or b"")
        except UNDECODABLE as error:
            yield (*coordinates, value, "bronze", "unreadable", None, fit(f"not a record of the gateway: {error}"))
        else:
            field = event.field and fit(event.field)
            yield (*coordinates, event.payload, "gateway", fit(event.rule), field, fit(event.message))
