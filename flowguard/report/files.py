"""Where reports are kept: ``reports/DAY.html`` and ``.md`` in the home."""

import os
from pathlib import Path
from typing import NamedTuple

from flowguard.report.page import Report

FOLDER = "reports"


class Files(NamedTuple):
    """Where a report is."""

    html: Path
    markdown: Path


def write(report: Report, home: Path) -> Files:
    """Write page and text; a reader finds the old ones or the new ones, never half of one."""
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    files = Files(folder / f"{report.figures.day}.html", folder / f"{report.figures.day}.md")
    for file, text in zip(files, (report.html, report.markdown), strict=True):
        _replace(file, text)
    return files


def _replace(file: Path, text: str) -> None:
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with unfinished.open("w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
