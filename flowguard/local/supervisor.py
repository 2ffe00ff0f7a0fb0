"""Runs programs side by side and leaves none behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from flowguard.local import groups
from flowguard.local.launch import GO

LOG_TAIL_LINES = 12
PATIENCE_SECONDS = 15.0
_PYTHON = [sys.executable, "-P", "-m"]  # -P: nothing of the working directory is imported


@dataclass(frozen=True)
class Program:
    """A program by its name and its command line, whose first word is the path of an executable.

    ``patience``: seconds that it has to stop by itself before it is killed.
    """

    name: str
    command: tuple[str, ...]
    patience: float = PATIENCE_SECONDS


class Supervisor:
    """A context manager: whatever it started is stopped when the block is left, or when this process dies.

    Each program leads a process group, so that what it starts in turn is stopped with it, and writes to
    ``NAME.log`` in ``logs``; the log of the start before is kept as ``NAME.log.1``.
    """

    def __init__(
        self,
        logs: Path,
        environment: Mapping[str, str] | None,
        keep_open: Sequence[int] = (),
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """``environment``: None for that of this process.

        ``keep_open``: file descriptors that stay open until the last program has ended, such as a lock's.

        ``patience``: seconds that programs have to stop by themselves after this process has died.
        """
        self._patience = patience
        self._logs = logs
        self._environment = environment
        self._keep_open = keep_open
        self._running: dict[str, tuple[Program, subprocess.Popen[bytes]]] = {}

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        self._guard = subprocess.Popen(
            [*_PYTHON, "flowguard.local.guard", str(self._patience)],
            stdin=subprocess.PIPE,
            start_new_session=True,
            pass_fds=self._keep_open,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop(*self._running)
        finally:
            _pipe(self._guard).close()
            self._guard.wait()

    def start(self, program: Program) -> None:
        """Start a program; returns at once."""
        with self._new_log(program.name).open("wb") as log:
            process = subprocess.Popen(
                [*_PYTHON, "flowguard.local.launch", *program.command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
            )
        self._running[program.name] = program, process
        self._tell_guard(f"+{process.pid}")
        with suppress(BrokenPipeError), _pipe(process) as pipe:  # one that died at once is found by ended()
            pipe.write(GO)

    def process(self, name: str) -> subprocess.Popen[bytes]:
        """The process of a program that was started and not stopped."""
        return self._running[name][1]

    def pids(self) -> dict[str, int]:
        """The process of each program that was started and not stopped."""
        return {name: process.pid for name, (_, process) in self._running.items()}

    def ended(self) -> list[str]:
        """The programs that have ended by themselves."""
        return [name for name, (_, process) in self._running.items() if process.poll() is not None]

    def obituary(self, name: str) -> str:
        """How a program ended, and the last lines that it printed."""
        code = self._running[name][1].returncode
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return f"{name} {how}{self.log_tail(name)}"

    def log_tail(self, name: str) -> str:
        """The last lines that a program printed, and where all of them are."""
        log = self._log(name)
        lines = [line for line in log.read_text(errors="replace").splitlines() if _tells(line)]
        return "\n  ".join([f"; the end of {log}:", *(lines[-LOG_TAIL_LINES:] or ["(it printed nothing)"])])

    def stop(self, *names: str) -> set[str]:
        """Stop programs together; returns when no process of theirs is left: those that did not end by themselves."""
        stopping = [self._running[name] for name in names]
        asked_at = time.monotonic()
        try:
            for _, process in stopping:
                groups.send(process.pid, signal.SIGTERM)
            while any(
                _is_left(process) and time.monotonic() < asked_at + program.patience for program, process in stopping
            ):
                time.sleep(groups.POLL_SECONDS)
        finally:  # also on a second Ctrl-C
            for program, process in stopping:
                groups.send(process.pid, signal.SIGKILL)
                process.wait()
                self._tell_guard(f"-{process.pid}")
                del self._running[program.name]
        return {program.name for program, process in stopping if process.returncode == -signal.SIGKILL}

    def _tell_guard(self, line: str) -> None:
        with suppress(BrokenPipeError):  # without its guard the platform still works and stops
            os.write(_pipe(self._guard).fileno(), f"{line}\n".encode())

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _new_log(self, name: str) -> Path:
        log = self._log(name)
        if log.exists():
            log.replace(f"{log}.1")
        return log


def _tells(line: str) -> bool:
    """Not what pushes the message that explains it out of sight: the frames of a traceback, Java's advice.

    Nor the loader's remark about a symbol of the embedded broker that is not used.
    """
    frame = line.startswith((" ", "\tat ", "Traceback ("))
    return bool(line.strip()) and not frame and "weak version `GLIBC" not in line and "sun.misc.Unsafe" not in line


def _is_left(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is None or groups.alive(process.pid)


def _pipe(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdin is not None
    return process.stdin
