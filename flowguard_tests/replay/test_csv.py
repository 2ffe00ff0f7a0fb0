from collections.abc import Callable
from pathlib import Path

import pytest

from flowguard.errors import InvalidInput
from flowguard.replay import csv, read_files
from flowguard_tests.replay.conftest import Run

HEADER = "event_type,event_id,order_id,user_id,item_id,item_name,price,position,event_timestamp,table"
ORDER = "order_placed,e1,o1,7,ramen,,013.50,,2024-05-01T12:00:00Z,12"
Replay = Callable[..., Run]


def file_of(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path = folder / "history.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def test_cells_keep_their_text_and_empty_ones_are_missing(tmp_path: Path, run: Replay) -> None:
    click = "click,c1,,u2,ramen,Shoyu Ramen,,3,2024-05-01T12:00:00Z,"
    done = run(file_of(tmp_path, HEADER, ORDER, click))
    assert done.refused == []
    order, view = sorted(done.events, key=lambda event: str(event["event_id"]), reverse=True)
    assert (order["price"], order["user_id"], order["table"]) == ("013.50", "7", "12")
    assert "item_name" not in order
    assert (view["position"], view["item_name"]) == (3, "Shoyu Ramen")


def test_nasty_rows_are_listed_by_the_line_on_which_they_begin(tmp_path: Path, run: Replay) -> None:
    path = file_of(
        tmp_path,
        HEADER,
        'click,c1,,u1,i,"two\nlines, a comma and ""quotes""",,,2024-05-01T12:00:00Z,',
        "click,c2,,u1,i,too few",
        "",
        "click,c3,,u1,i,x,,first,2024-05-01T12:00:00Z,",
        ORDER.replace("013.50", "13,50"),
        ORDER.replace("013.50", '"13,50"'),
        "click,c4,,u1,,x,,,2024-05-01T12:00:00Z,",
        "click,c5,,u1,i,a\0b,,,2024-05-01T12:00:00Z,",
        "click,c6,,u1,i,x,,,2024-05-01 12:00:00,",
    )
    done = run(path)
    assert done.rules == {
        4: "unreadable",
        6: "wrong_type",
        7: "unreadable",
        8: "wrong_type",
        9: "missing_field",
        10: "control_character",
        11: "time_without_zone",
    }
    assert [event["item_name"] for event in done.events] == ['two\nlines, a comma and "quotes"']


def test_rows_that_are_not_utf8_are_refused_one_by_one(tmp_path: Path, run: Replay) -> None:
    good = "click,c1,,u1,i,x,,,2024-05-01T12:00:00Z,"
    done = run(
        file_of(tmp_path, HEADER, good.replace("c1,", "c2,").replace(",x,", ",Tiramisù,"), good, encoding="latin-1")
    )
    assert done.rules == {2: "unreadable"}
    assert len(done.clicks) == 1


def test_rows_without_event_id_are_told_apart_by_their_hash(tmp_path: Path, run: Replay) -> None:
    rows = [ORDER.replace("e1", ""), ORDER.replace("e1", "").replace("o1", "o2")]
    first, second = run(file_of(tmp_path, HEADER, *rows)), run(file_of(tmp_path, HEADER, *reversed(rows)))
    ids = {event["event_id"] for event in first.events}
    assert len(ids) == 2
    assert {event["event_id"] for event in second.events} == ids


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_a_byte_order_mark_and_windows_lines(tmp_path: Path, run: Replay, delimiter: str) -> None:
    path = tmp_path / "history.csv"
    path.write_bytes("\ufeff".encode() + f"{HEADER}\r\n{ORDER}\r\n".replace(",", delimiter).encode())
    assert [event["event_id"] for event in run(path).events] == ["e1"]


def test_batches_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file_of(tmp_path, HEADER, *(ORDER.replace("e1", f"e{n}") for n in range(25)))
    monkeypatch.setattr(csv, "ROWS", 4)
    lines = [line for batch in read_files([path]) for line in batch.lines]
    assert lines == list(range(2, 27))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no column event_type"),
        ("a,b\n1,2", "no column event_type"),
        ("event_type,a,a\nclick,1,2", "columns twice: a"),
        (f'{HEADER}\nclick,"never closed' + "\nx" * 5_000, r":2: .*quote"),
    ],
)
def test_what_is_no_table_is_refused_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, told: str
) -> None:
    monkeypatch.setattr(csv, "LONGEST_CELL", 5_000)
    with pytest.raises(InvalidInput, match=told):
        list(read_files([file_of(tmp_path, text)]))
