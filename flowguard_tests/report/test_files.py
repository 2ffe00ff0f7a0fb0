"""Files are replaced whole."""

from pathlib import Path

import pytest

from flowguard.report import files
from flowguard.report.page import render
from flowguard_tests.report.figures import figures, without_data


def test_a_write_that_fails_leaves_the_old_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = render(figures())
    written = files.write(first, tmp_path)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write(render(without_data()), tmp_path)
    assert written.html.read_text() == first.html
    assert len(list(written.html.parent.iterdir())) == 2
