"""Attribution over random histories in random rounds: right, the same as at once, and told once with each change."""

import json
import os
from datetime import date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from flowguard.rounds import attribution, gold
from flowguard.rounds.backfill import rebuild
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse
from flowguard_tests.blank import Blank
from flowguard_tests.rounds.attribution_oracle import KEYS, attributed, by_join_asof
from flowguard_tests.rounds.histories import Feeder, Sent
from flowguard_tests.rounds.shopping import rounds
from flowguard_tests.rounds.test_incremental import ingest

FIRST, LAST = date(2026, 10, 30), date(2026, 11, 21)
SILVER = ("silver.orders_cleaned", "silver.clicks_cleaned", "silver.attributed_orders")


def rows(warehouse: Warehouse, table: str) -> pl.DataFrame:
    return warehouse.query(f"SELECT * FROM {table}")


def assert_right(warehouse: Warehouse) -> None:
    orders, clicks = rows(warehouse, SILVER[0]), rows(warehouse, SILVER[1])
    found = rows(warehouse, SILVER[2])
    expected = sorted(attributed(orders.to_dicts(), clicks.to_dicts()), key=lambda row: [row[key] for key in KEYS])
    assert found.drop("revision").sort(KEYS).to_dicts() == expected
    last = found.filter(model="last_click").select("order_id", "order_timestamp", "click_event_id")
    assert_frame_equal(last.sort("order_id", "order_timestamp"), by_join_asof(orders, clicks))


class Told:
    """What a reader of the changes knows: of each order the row with the highest revision."""

    def __init__(self) -> None:
        self._sequence = 0
        self.rows: dict[tuple[object, ...], dict[str, object]] = {}
        self._revisions: dict[tuple[object, object], int] = {}

    def read(self, warehouse: Warehouse) -> None:
        """What is new in the outbox, as it stands now."""
        changes = rows(warehouse, "ops.outbox").filter(pl.col("sequence") > self._sequence).sort("sequence")
        current = {tuple(row[key] for key in KEYS): row for row in rows(warehouse, SILVER[2]).to_dicts()}
        for change in changes.to_dicts():
            key, known = tuple(change[key] for key in KEYS), (change["order_id"], change["order_timestamp"])
            before = self.rows.get(key)
            self._sequence = change["sequence"]
            assert before is None or change["revision"] > before["revision"]
            row = None if change["digest"] is None else current[key]
            assert row is None or row["revision"] == change["revision"]
            assert (
                before is None
                or row is None
                or before["row"] is None
                or before["row"] != row | {"revision": before["revision"]}
            ), f"nothing changed of {known}"
            self.rows[key] = {"revision": change["revision"], "row": row}

    def assert_complete(self, warehouse: Warehouse) -> None:
        alive = {key: known["row"] for key, known in self.rows.items() if known["row"] is not None}
        assert alive == {tuple(row[key] for key in KEYS): row for row in rows(warehouse, SILVER[2]).to_dicts()}


def play(blank: Blank, history: list[list[Sent]], data: st.DataObject) -> None:
    with blank.opened() as warehouse:
        _play(warehouse, blank.settings, history, data)


def _play(warehouse: Warehouse, home: Settings, history: list[list[Sent]], data: st.DataObject) -> None:
    feeder, told = Feeder(home, warehouse), Told()
    for sent in history:
        ingest(warehouse, home, sent, feeder)
        assert_right(warehouse)
        if data.draw(st.booleans()):
            told.read(warehouse)
        if data.draw(st.sampled_from([False, False, True])):
            before = rows(warehouse, "ops.outbox").sort(pl.all())
            table = data.draw(st.sampled_from(["bronze.orders_raw", "bronze.clicks_raw", *SILVER]))
            rebuild(warehouse, home, [table], date(2026, 11, 1), date(2026, 11, 20), run_id="again")
            assert_frame_equal(rows(warehouse, "ops.outbox").sort(pl.all()), before)
    told.read(warehouse)
    told.assert_complete(warehouse)
    incremental = rows(warehouse, SILVER[2]).sort(KEYS)
    rebuild(warehouse, home, [SILVER[2]], FIRST, LAST, run_id="all")
    assert_frame_equal(rows(warehouse, SILVER[2]).sort(KEYS), incremental)


@settings(max_examples=6)
@given(rounds, st.data())
def test_any_arrival_gives_what_the_oracle_says(blank: Blank, history: list[list[Sent]], data: st.DataObject) -> None:
    play(blank, history, data)


@pytest.mark.faults
@pytest.mark.timeout(3600)
@settings(max_examples=int(os.environ.get("FLOWGUARD_TEST_EXAMPLES", "500")))
@given(rounds, st.data())
def test_many_arrivals_give_what_the_oracle_says(blank: Blank, history: list[list[Sent]], data: st.DataObject) -> None:
    play(blank, history, data)


def test_a_home_that_never_attributed_catches_up(warehouse: Warehouse, home: Settings) -> None:
    ingest(warehouse, home, [sent("order_placed", "o1", 0), sent("click", "c1", 1800)], Feeder(home, warehouse))
    with warehouse.session() as session:
        for table in ("silver.attributed_orders", "ops.outbox"):
            session.execute(f"DELETE FROM {table}")
        attribution.catch_up(session)
    assert_right(warehouse)
    assert rows(warehouse, "ops.outbox").height == 2


def sent(kind: str, number: str, seconds_before: float, **changes: str) -> Sent:
    """An event of one user, so long before noon."""
    at = datetime(2026, 11, 19, 12) - timedelta(seconds=seconds_before)
    event = {
        "event_type": kind,
        "event_id": number,
        "user_id": "u",
        "item_id": "i",
        "event_timestamp": f"{at.isoformat()}Z",
    }
    ordered = {"order_id": number, "price": "9.90"} if kind.startswith("order") else {}
    return Sent("orders.v1" if ordered else "clicks.v1", 0, 0, json.dumps(event | ordered | changes).encode())


@pytest.mark.parametrize(("before", "clicks"), [(0, 2), (1800, 2), (-0.000001, 0), (1800.000001, 0)])
def test_the_window_is_closed(warehouse: Warehouse, home: Settings, before: float, clicks: int) -> None:
    """A lag of exactly 0 and of exactly the window count; a click after the order and one too early do not."""
    ingest(warehouse, home, [sent("order_placed", "o", 0), sent("click", "c", before)], Feeder(home, warehouse))
    assert rows(warehouse, SILVER[2])["click_event_id"].count() == clicks


def test_gold_counts_an_order_on_the_day_and_item_of_its_click(warehouse: Warehouse, home: Settings) -> None:
    """Around midnight, and restated on both days when a later click takes the order over."""
    feeder = Feeder(home, warehouse)
    midnight = 12 * 3600
    ingest(warehouse, home, [sent("order_placed", "o", midnight - 600), sent("click", "c1", midnight + 60)], feeder)
    gold.refresh(warehouse, home)
    assert converted(warehouse) == [(date(2026, 11, 18), "i", 1, 1)]
    ingest(warehouse, home, [sent("click", "c2", midnight - 60, item_id="j")], feeder)
    gold.refresh(warehouse, home)
    assert converted(warehouse) == [(date(2026, 11, 18), "i", 0, 0), (date(2026, 11, 19), "j", 1, 1)]
    assert warehouse.query("SELECT SUM(attributed_orders) FROM gold.category_conversion").item() == 1


def converted(warehouse: Warehouse) -> list[tuple[object, ...]]:
    columns = "date, item_id, converted_clicks, attributed_orders"
    return warehouse.query(f"SELECT {columns} FROM gold.funnel_metrics ORDER BY date").rows()


def test_one_click_on_a_rare_dish_does_not_lead(warehouse: Warehouse, home: Settings) -> None:
    clicks = [sent("click", f"c{number}", number) for number in range(40)]
    ingest(warehouse, home, [*clicks, sent("click", "rare", 1, item_id="rare")], Feeder(home, warehouse))
    gold.refresh(warehouse, home)
    listed = warehouse.query(
        "SELECT item_id, clicks_without_order FROM gold.items_not_converting ORDER BY place"
    ).rows()
    assert listed == [("i", 40), ("rare", 1)]


def test_a_user_with_100_000_clicks(warehouse: Warehouse, home: Settings) -> None:
    clicks = [sent("click", f"c{number:06d}", 3600 - number * 0.05) for number in range(100_000)]
    orders = [sent("order_placed", f"o{number}", number * 3.3) for number in range(400)]
    ingest(warehouse, home, [*clicks, *orders], Feeder(home, warehouse))
    found = (
        rows(warehouse, SILVER[2]).filter(model="last_click").select("order_id", "order_timestamp", "click_event_id")
    )
    expected = by_join_asof(rows(warehouse, SILVER[0]), rows(warehouse, SILVER[1]))
    assert_frame_equal(found.sort("order_id", "order_timestamp"), expected)
    assert expected["click_event_id"].null_count() == 0
