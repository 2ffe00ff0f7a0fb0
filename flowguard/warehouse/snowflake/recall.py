"""Answers that are still true: sensors ask the same every few seconds, and a virtual warehouse that is asked never
suspends.

All that write are on one host and hold the write lock, so they leave a mark there before and after they write: while
it stays as it is, so do the answers. A writer that was killed leaves the mark of its beginning, with which nothing is
remembered until the next one has ended.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from uuid import uuid4

import polars as pl

_MOST_ANSWERS, _MOST_ROWS = 200, 1_000
_WRITING = "writing "


class Recall:
    """What was answered since something was written last. Shared by the threads of a process."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark
        self._lock = Lock()
        self._of: str | None = None
        self._answers: dict[str, pl.DataFrame] = {}

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Around each change. Whether one that failed has changed something is not known, so its mark stays."""
        self._mark.parent.mkdir(parents=True, exist_ok=True)
        self._write(f"{_WRITING}{uuid4()}")
        yield
        self._write(str(uuid4()))

    def now(self) -> str | None:
        """The mark as it is, None while something may be written."""
        mark = self._mark.read_text() if self._mark.exists() else None
        return None if mark is None or mark.startswith(_WRITING) else mark

    def answer(self, sql: str, mark: str | None) -> pl.DataFrame | None:
        """What was answered to a query, None if that may have changed. ``mark``: as it is now."""
        with self._lock:
            return self._answers.get(sql) if mark is not None and mark == self._of else None

    def remember(self, sql: str, answer: pl.DataFrame, mark: str | None) -> None:
        """An answer to a query that was sent when the mark was so."""
        if mark is None or answer.height > _MOST_ROWS:
            return
        with self._lock:
            if mark != self._of or len(self._answers) >= _MOST_ANSWERS:
                self._of, self._answers = mark, {}
            self._answers[sql] = answer

    def _write(self, mark: str) -> None:
        new = self._mark.with_suffix(".new")
        new.write_text(mark)
        new.replace(self._mark)
