"""A broker of one's own on loopback: started until it answers, and stopped, paused or killed at will."""

import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from flowguard.errors import BrokerUnavailable
from flowguard.local import groups
from flowguard.local.ports import HOST, is_free
from flowguard.local.supervisor import Program, Supervisor

NAME = "broker"
_ASK_AGAIN_SECONDS = 0.05


class BrokerProcess:
    """A context manager: the broker runs inside the block, and no process of it is left after it.

    What it prints goes to ``broker.log`` in its data directory. After `kill` and `stop` it can be started again, on
    the same port and with the same data.

    >>> with BrokerProcess(command, data_dir, port) as broker:  # doctest: +SKIP
    ...     broker.kill()
    ...     broker.start()
    """

    process: subprocess.Popen[bytes]
    """That of the last start."""

    def __init__(self, command: Sequence[str], data_dir: Path, port: int, patience: float = 60.0) -> None:
        """``command`` runs the broker in the foreground. ``patience``: seconds that it has to answer after a start."""
        self.bootstrap = f"{HOST}:{port}"
        self._program = Program(NAME, tuple(command))
        self._data_dir = data_dir
        self._port = port
        self._patience = patience
        self._running = ExitStack()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it; returns when it answers.

        Raises:
            BrokerUnavailable: the port is taken, or it stopped, or did not answer in time.
        """
        if not is_free(HOST, self._port):  # before, because the other's answer would be mistaken for this one's
            raise BrokerUnavailable(f"port {self._port} is taken by another program: stop it or choose another")
        with ExitStack() as stack:
            supervisor = stack.enter_context(Supervisor(self._data_dir, environment=None))
            supervisor.start(self._program)
            self.process = supervisor.process(NAME)
            self._wait_until_it_answers(supervisor)
            stack.callback(self.resume)  # what is paused would not hear that it shall stop
            self._running = stack.pop_all()

    def stop(self) -> None:
        """Let it put its data in order and end; returns when it is gone. Does nothing if it does not run."""
        self._running.close()

    def kill(self) -> None:
        """End it as a power cut of this program alone would: SIGKILL. Returns when it is gone."""
        self._send(signal.SIGKILL)
        self._running.close()

    def pause(self) -> None:
        """Let it hang: connections stay open, nothing answers."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        self._send(signal.SIGCONT)

    def _send(self, number: int) -> None:
        if self.process.returncode is None:  # else another process may have its number by now
            groups.send(self.process.pid, number)

    def _wait_until_it_answers(self, supervisor: Supervisor) -> None:
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline:
            silence = why_silent(self.bootstrap, seconds=1)
            if supervisor.ended():
                raise BrokerUnavailable(f"port {self._port}: {supervisor.obituary(NAME)}")
            if silence is None:
                return
            time.sleep(_ASK_AGAIN_SECONDS)
        waited = f"the broker on port {self._port} did not answer within {self._patience:.0f} s"
        raise BrokerUnavailable(f"{waited}{supervisor.log_tail(NAME)}")


def why_silent(bootstrap: str, seconds: float) -> str | None:
    """None if a broker answers, else what the client says."""
    client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    try:
        client.list_topics(timeout=seconds)
    except KafkaException as error:
        return str(error)
    return None
