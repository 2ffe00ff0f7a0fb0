"""Programs that a test machine does not have: an old Java, a Maven that fails."""

from pathlib import Path


def program(path: Path, script: str) -> Path:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def java_that_says(path: Path, version: str) -> Path:
    """What ``java -version`` prints, on standard error as the real one does."""
    return program(path, f"""echo 'openjdk version "{version}" 2020-01-01' >&2""")
