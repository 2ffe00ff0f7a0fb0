from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from flowguard.errors import InvalidInput
from flowguard.replay import parquet, read_files
from flowguard_tests.replay.conftest import Run

NOON = datetime(2024, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)
Replay = Callable[..., Run]


def orders(rows: int, **columns: object) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "event_type": ["order_placed"] * rows,
            "event_id": [f"e{n}" for n in range(rows)],
            "order_id": [100 + n for n in range(rows)],
            "user_id": [7] * rows,
            "item_id": ["ramen"] * rows,
            "price": [Decimal("13.50")] * rows,
            "event_timestamp": [NOON] * rows,
            **columns,
        }
    )


def file_of(folder: Path, frame: pl.DataFrame) -> Path:
    path = folder / "history.parquet"
    frame.write_parquet(path)
    return path


def test_values_keep_their_exact_text(tmp_path: Path, run: Replay) -> None:
    price = pl.Series([Decimal("123456789.78"), Decimal("0.10")], dtype=pl.Decimal(18, 2))
    note = pl.Series(["plain", None], dtype=pl.Categorical)
    frame = orders(2, price=price, item_name=note, position=[None, 3.0], flags=[[True], None])
    done = run(file_of(tmp_path, frame))
    assert done.refused == []
    first, second = sorted(done.events, key=lambda event: str(event["event_id"]))
    assert (first["price"], first["user_id"], first["order_id"]) == ("123456789.78", "7", "100")
    assert (first["item_name"], first["flags"]) == ("plain", [True])
    assert (second["price"], second["position"]) == ("0.10", 3)
    assert "item_name" not in second
    assert first["event_timestamp"] == "2024-05-01T12:00:00.123456Z"


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_times_with_a_zone_become_utc(tmp_path: Path, run: Replay, unit: str) -> None:
    local = pl.Series([NOON]).cast(pl.Datetime(unit, "UTC")).dt.convert_time_zone("Asia/Kolkata")  # type: ignore[arg-type]
    done = run(file_of(tmp_path, orders(1, event_timestamp=local)))
    found = datetime.fromisoformat(str(done.events[0]["event_timestamp"]))
    assert found == (NOON.replace(microsecond=123_000) if unit == "ms" else NOON)
    assert found.utcoffset() == timedelta()


def test_nanoseconds_are_not_cut(tmp_path: Path) -> None:
    time = pl.Series([1_714_564_800_000_000_123]).cast(pl.Datetime("ns", "UTC"))
    (batch,) = read_files([file_of(tmp_path, orders(1, event_timestamp=time))])
    assert b"2024-05-01T12:00:00.000000123Z" in batch.payloads[0]


def test_nasty_rows_are_listed_by_their_number(tmp_path: Path, run: Replay) -> None:
    floats = [9.99, 0.1 + 0.2, float("nan"), None, -1.0, 5.0]
    done = run(file_of(tmp_path, orders(6, price=floats)))
    assert done.rules == {2: "price", 3: "price", 4: "missing_field", 5: "price"}
    assert [event["price"] for event in done.events] == ["9.99", "5.0"]


def test_times_without_a_zone_are_refused_like_everywhere(tmp_path: Path, run: Replay) -> None:
    done = run(file_of(tmp_path, orders(2, event_timestamp=[NOON.replace(tzinfo=None)] * 2)))
    assert done.rules == {1: "time_without_zone", 2: "time_without_zone"}


def test_texts_as_times_are_taken_as_they_are(tmp_path: Path, run: Replay) -> None:
    text = NOON.astimezone(timezone(timedelta(hours=2))).isoformat()
    assert run(file_of(tmp_path, orders(1, event_timestamp=[text]))).events[0]["event_timestamp"] == text


def test_batches_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROWS", 7)
    path = tmp_path / "history.parquet"
    orders(30).write_parquet(path, row_group_size=11)
    batches = list(read_files([path]))
    assert [line for batch in batches for line in batch.lines] == list(range(1, 31))
    assert sum(batch.size for batch in batches) == path.stat().st_size
    assert [f'"e{n}"'.encode() in row for n, row in enumerate(row for b in batches for row in b.payloads)] == [
        True
    ] * 30


def test_what_is_no_parquet_is_named(tmp_path: Path) -> None:
    path = tmp_path / "history.parquet"
    path.write_bytes(b"PAR1 but no more")
    with pytest.raises(InvalidInput, match=r"history\.parquet is not readable"):
        list(read_files([path]))
    with pytest.raises(InvalidInput, match="it has event_id"):
        list(read_files([file_of(tmp_path, orders(1).select("event_id"))]))
    with pytest.raises(InvalidInput, match="--raw"):
        read_files([path], raw=True)
