import json
from collections.abc import Callable
from pathlib import Path

import pytest

from flowguard.errors import InvalidInput
from flowguard.replay import ndjson, read_files
from flowguard_tests.replay.conftest import Run

ORDER = {
    "event_type": "order_placed",
    "event_id": "e1",
    "order_id": "o1",
    "user_id": "u1",
    "item_id": "ramen",
    "price": "13.50",
    "event_timestamp": "2024-05-01T12:00:00+02:00",
}
CLICK = {key: ORDER[key] for key in ("user_id", "item_id", "event_timestamp")} | {
    "event_type": "click",
    "event_id": "c1",
}
Replay = Callable[..., Run]


def file_of(folder: Path, *lines: object) -> Path:
    path = folder / "history.ndjson"
    texts = (line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    path.write_bytes(b"\n".join(texts) + b"\n")
    return path


def test_good_lines_are_sent_in_their_own_bytes_by_their_type(tmp_path: Path, run: Replay) -> None:
    odd = json.dumps(ORDER, indent=None, separators=(" , ", " : ")).encode() + b"  "
    numbers = json.dumps(ORDER | {"event_id": "e2", "order_id": "o2"}).encode().replace(b'"13.50"', b"13.500")
    unicode = json.dumps(CLICK | {"item_name": "Tiramisù"}, ensure_ascii=False).encode()
    done = run(file_of(tmp_path, odd, numbers, unicode))
    assert done.refused == []
    assert sorted(done.orders) == sorted([odd, numbers])
    assert done.clicks == [unicode]


def test_lines_that_break_a_rule_are_listed_and_not_sent(tmp_path: Path, run: Replay) -> None:
    path = file_of(
        tmp_path,
        ORDER,
        b'{"event_type": "order_placed", ',
        b"",
        ORDER | {"price": "-1"},
        ORDER | {"price": "1.005"},
        CLICK | {"event_timestamp": "2024-05-01T12:00:00"},
        CLICK | {"event_timestamp": "1900-01-01T00:00:00Z"},
        CLICK | {"event_timestamp": "2999-01-01T00:00:00Z"},
        ORDER | {"currency": "EUR"},
        CLICK | {"schema_version": 9},
        CLICK | {"user_id": "a\0b"},
        CLICK | {"event_type": "order_eaten"},
        {key: value for key, value in CLICK.items() if key != "user_id"},
        b'{"event_id": "\xff"}',
        b"[1, 2]",
        b"null",
    )
    done = run(path)
    assert done.rules == {
        2: "unreadable",
        4: "price",
        5: "price",
        6: "time_without_zone",
        7: "before_start",
        8: "future",
        9: "currency",
        10: "schema_version",
        11: "control_character",
        12: "event_type",
        13: "missing_field",
        14: "unreadable",
        15: "wrong_type",
        16: "missing_field",
    }
    assert done.replayed.refused.total() == 14
    assert str(done.refused[1]).startswith(f"{path}:4: price (price): ")
    assert [event["event_id"] for event in done.events] == ["e1"]


def test_a_row_without_event_id_gets_the_same_one_each_time(tmp_path: Path, run: Replay) -> None:
    nameless = {key: value for key, value in ORDER.items() if key != "event_id"} | {"note": 1.10}
    line = json.dumps(nameless).encode().replace(b"1.1", b"1.10")
    path = file_of(tmp_path, line, nameless | {"order_id": "o2"}, nameless | {"event_id": None, "order_id": "o3"})
    first = run(path)
    second = run(path)
    ids = {event["event_id"] for event in first.events}
    assert len(ids) == 3
    assert {event["event_id"] for event in second.events} == ids
    assert any(b"1.10" in value for value in first.orders), "numbers keep their text"


def test_what_follows_a_nameless_event_is_refused_too(tmp_path: Path, run: Replay) -> None:
    nameless = json.dumps({key: value for key, value in CLICK.items() if key != "event_id"}).encode()
    done = run(file_of(tmp_path, CLICK, nameless + b" and more"))
    assert list(done.rules) == [2]


def test_raw_sends_every_line_as_it_is(tmp_path: Path, run: Replay) -> None:
    lines = [
        b"not json",
        json.dumps(CLICK).encode() + b"\r",
        b'{"event_type" : "impression", broken',
        b'{"user_id": 7}',
    ]
    done = run(file_of(tmp_path, lines[0], b"", *lines[1:], b"x" * 2_000_000), raw=True)
    assert sorted(done.orders) == sorted([lines[0], lines[3]])
    assert sorted(done.clicks) == sorted([lines[1], lines[2]])
    assert done.rules == {6: "too_long"}


def test_windows_lines_a_byte_order_mark_and_a_last_line_without_end(tmp_path: Path, run: Replay) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(CLICK).encode() + b"\r\n\r\n" + json.dumps(ORDER).encode())
    done = run(path)
    assert (len(done.clicks), len(done.orders), done.refused) == (1, 1, [])


@pytest.mark.parametrize("block_bytes", [1, 7, 100, 10_000])
def test_blocks_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_bytes: int) -> None:
    rows = [b"%d" % n * (n % 40) for n in range(200)]
    path = tmp_path / "lines.ndjson"
    path.write_bytes(b"\n".join(rows))
    monkeypatch.setattr(ndjson, "BLOCK_BYTES", block_bytes)
    found = {
        line: row for batch in ndjson.read_raw(path) for line, row in zip(batch.lines, batch.payloads, strict=True)
    }
    assert found == {number: row for number, row in enumerate(rows, start=1) if row}


def test_an_array_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.write_text('  [{"event_id": 1},\n {}]')
    with pytest.raises(InvalidInput, match="JSON array"):
        list(read_files([path]))


def test_a_line_without_end_is_not_collected_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ndjson, "LONGEST_LINE", 5_000_000)
    path = tmp_path / "blob.ndjson"
    path.write_bytes(b"x" * 9_000_000)
    with pytest.raises(InvalidInput, match="5,000,000"):
        list(read_files([path]))


@pytest.mark.parametrize(("name", "told"), [("gone.csv", "no such file"), ("events.xlsx", r"\.parquet")])
def test_a_file_that_cannot_be_read_is_named_before_anything_is_sent(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "events.xlsx").touch()
    with pytest.raises(InvalidInput, match=told):
        read_files([tmp_path / name])
