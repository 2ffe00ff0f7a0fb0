"""Files by their format, which their name tells."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from flowguard.errors import InvalidInput
from flowguard.replay import csv, ndjson, parquet
from flowguard.replay.batch import Batch

Reader = Callable[[Path], Iterator[Batch]]
READERS: Mapping[str, Reader] = {
    ".ndjson": ndjson.read,
    ".jsonl": ndjson.read,
    ".json": ndjson.read,
    ".csv": csv.read,
    ".parquet": parquet.read,
    ".pq": parquet.read,
}


def read_files(files: Sequence[Path], *, raw: bool = False) -> Iterator[Batch]:
    """The lines of files, one after the other. ``raw``: the lines are any text, whatever a file's name says.

    Raises:
        InvalidInput: a file is missing, or of a format that is not known; before anything is read.
    """
    readers = [_reader(file, raw) for file in files]
    return chain.from_iterable(read(file) for file, read in zip(files, readers, strict=True))


def total_bytes(files: Sequence[Path]) -> int:
    """How much there is to read."""
    return sum(file.stat().st_size for file in files if file.is_file())


def _reader(file: Path, raw: bool) -> Reader:
    if not file.is_file():
        raise InvalidInput(f"{file}: there is no such file")
    reader = READERS.get(file.suffix.lower())
    if raw:
        if reader is parquet.read:
            raise InvalidInput(f"{file}: --raw sends lines as they are, and Parquet has none")
        return ndjson.read_raw
    if reader is None:
        raise InvalidInput(f"{file}: the name must end with one of {', '.join(READERS)}")
    return reader
