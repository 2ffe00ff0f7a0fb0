"""CSV: a header with the names of fields, then an event a row. An empty cell is a missing field."""

import csv
import re
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import msgspec

from flowguard.errors import InvalidInput
from flowguard.events.contract import Refusal
from flowguard.replay.batch import NUMBERS, Batch

ROWS = 5_000
DELIMITERS = ",;\t"
LONGEST_CELL = 16_000_000
_WHOLE_NUMBER = re.compile(r"-?\d{1,18}")
_encode = msgspec.json.Encoder().encode


def read(path: Path) -> Iterator[Batch]:
    """The rows as JSON; a row's line is the one on which it begins.

    Raises:
        InvalidInput: there is no header with ``event_type``, or a quote is never closed.
    """
    csv.field_size_limit(LONGEST_CELL)
    with path.open("rb") as raw, TextIOWrapper(raw, "utf-8-sig", "surrogateescape", newline="") as text:
        names, delimiter = _header(text, path)
        rows = _numbered(csv.reader(text, delimiter=delimiter), path)
        done = 0
        while chunk := list(islice(rows, ROWS)):
            position = raw.tell()
            yield _batch(path, names, chunk, position - done)
            done = position


def _header(text: TextIO, path: Path) -> tuple[list[str], str]:
    line = text.readline()
    for delimiter in DELIMITERS:
        names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
        if "event_type" in names:
            break
    else:
        raise InvalidInput(f"{path} has no column event_type; its first line is {line.strip()[:200]!r}")
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidInput(f"{path} has {len(doubled)} columns twice: {', '.join(doubled)}")
    return names, delimiter


def _numbered(rows: Any, path: Path) -> Iterator[tuple[int, list[str]]]:
    while True:
        line = rows.line_num + 2  # after the last row, and the header was read before
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise InvalidInput(f"{path}:{line}: {error}; is a quote never closed?") from error
        if row:
            yield line, row


def _batch(path: Path, names: list[str], rows: list[tuple[int, list[str]]], size: int) -> Batch:
    lines, payloads, unreadable = [], [], []
    for line, row in rows:
        if len(row) != len(names):
            unreadable.append((line, Refusal("unreadable", f"{len(row)} cells, the header has {len(names)}")))
            continue
        try:
            payloads.append(_encode({name: _value(name, cell) for name, cell in zip(names, row, strict=True) if cell}))
        except UnicodeEncodeError:
            unreadable.append((line, Refusal("unreadable", "not readable as UTF-8")))
        else:
            lines.append(line)
    return Batch(path, lines, payloads, unreadable, size)


def _value(name: str, cell: str) -> str | int:
    return int(cell) if name in NUMBERS and _WHOLE_NUMBER.fullmatch(cell) else cell
