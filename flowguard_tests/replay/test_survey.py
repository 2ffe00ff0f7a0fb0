import json
from datetime import date
from pathlib import Path

from flowguard.replay import survey


def file_of(folder: Path, *events: dict[str, str]) -> Path:
    path = folder / "history.ndjson"
    path.write_text("\n".join(map(json.dumps, events)))
    return path


def at(time: str, **more: str) -> dict[str, str]:
    return {"event_timestamp": time} | more


def test_the_first_day_is_the_earliest_in_utc(tmp_path: Path) -> None:
    path = file_of(tmp_path, at("2011-05-02T03:00:00Z"), at("2011-05-02T01:00:00+02:00"), at("2012-01-01T00:00:00Z"))
    assert survey([path]).first_day == date(2011, 5, 1)


def test_clocks_that_were_never_set_say_nothing(tmp_path: Path) -> None:
    junk = ["1900-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00+05:00", "2999-01-01T00:00:00Z", "soon"]
    path = file_of(tmp_path, *map(at, junk), at("1999-12-31T10:00:00Z"))
    assert survey([path]).first_day == date(1999, 12, 31)
    assert survey([file_of(tmp_path, *map(at, junk))]).first_day is None


def test_currencies_are_counted(tmp_path: Path) -> None:
    orders = [at("2011-05-02T03:00:00Z", currency=name) for name in ("EUR", "EUR", "CHF")]
    assert survey([file_of(tmp_path, *orders, at("2011-05-02T03:00:00Z"))]).currencies == {"EUR": 2, "CHF": 1}
