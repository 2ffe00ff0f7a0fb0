"""NDJSON: one event a line, in its own bytes."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from flowguard.errors import InvalidInput
from flowguard.replay.batch import Batch

BLOCK_BYTES = 2_000_000
LONGEST_LINE = 64_000_000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read(path: Path) -> Iterator[Batch]:
    """The lines that are not blank.

    Raises:
        InvalidInput: the file is something else than lines.
    """
    for batch in read_raw(path):
        if batch.lines and batch.lines[0] == 1:
            batch = batch._replace(payloads=[batch.payloads[0].removeprefix(_BYTE_ORDER_MARK), *batch.payloads[1:]])
            _refuse_array(batch.payloads[0], path)
        filled = [(line, row) for line, row in zip(batch.lines, batch.payloads, strict=True) if not row.isspace()]
        yield batch._replace(lines=[line for line, _ in filled], payloads=[row for _, row in filled])


def read_raw(path: Path) -> Iterator[Batch]:
    """The lines as they are, whatever they hold, but for empty ones.

    Raises:
        InvalidInput: a line is absurdly long.
    """
    with path.open("rb") as file:
        first_line = 1
        for block in _blocks_of_lines(file, path):
            rows = block.removesuffix(b"\n").split(b"\n")
            lines = range(first_line, first_line + len(rows))
            first_line += len(rows)
            filled = [(line, row) for line, row in zip(lines, rows, strict=True) if row]
            yield Batch(path, [line for line, _ in filled], [row for _, row in filled], (), len(block))


def _blocks_of_lines(file: BinaryIO, path: Path) -> Iterator[bytes]:
    """Blocks that end with the end of a line."""
    rest: list[bytes] = []
    while block := file.read(BLOCK_BYTES):
        head, newline, tail = block.rpartition(b"\n")
        if newline:
            yield b"".join([*rest, head, newline])
            rest = [tail]
        else:
            rest.append(tail)
        if sum(map(len, rest)) > LONGEST_LINE:
            raise InvalidInput(f"{path}: a line of more than {LONGEST_LINE:,} bytes; is this NDJSON, an event a line?")
    if any(rest):
        yield b"".join(rest)


def _refuse_array(line: bytes, path: Path) -> None:
    if line.lstrip()[:1] == b"[":
        raise InvalidInput(f"{path} is a JSON array: NDJSON has one event a line (`jq -c '.[]'` makes it so)")
