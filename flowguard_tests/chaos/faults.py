"""What can go wrong, each as a function that does it and, where that is needed, mends it again."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random

from confluent_kafka.admin import AdminClient, NewPartitions

from flowguard.local import groups
from flowguard.local.platform import Platform
from flowguard.settings import Settings
from flowguard.warehouse.lock import file_lock
from flowguard_tests.local.locks import holder_of

PARTS = ("broker", "gateway", "code-server", "daemon", "webserver")
OTHERS = (
    "kill_ingestion",
    "kill_gold",
    "hang_broker",
    "hang_ingestion",
    "fill_disk",
    "hold_write_lock",
    "hold_catalog",
    "add_partition",
)


class Faults:
    """The faults of a platform; ``say`` is told what each does."""

    def __init__(self, platform: Platform, settings: Settings, random: Random, say: Callable[[str], None]) -> None:
        self._platform, self._settings, self._random, self._say = platform, settings, random, say
        self._partitions = settings.topic_partitions
        self._deck: list[Callable[[], None]] = []

    def next(self) -> None:
        """One at random; none a second time before all the others had their turn."""
        if not self._deck:
            parts = [partial(self.kill_part, name) for name in PARTS]
            self._deck = [*parts, *(getattr(self, name) for name in OTHERS)]
            self._random.shuffle(self._deck)
        self._deck.pop()()

    def kill_ingestion(self) -> None:
        self._signal_run("rolling", signal.SIGKILL)

    def kill_gold(self) -> None:
        self._signal_run("following", signal.SIGKILL)

    def kill_part(self, name: str) -> None:
        self._say(f"SIGKILL of {name}")
        groups.send(self._platform.pids()[name], signal.SIGKILL)
        self._wait()
        self._platform.revive(name)

    def hang_broker(self) -> None:
        seconds = self._random.uniform(1, 20)
        self._say(f"SIGSTOP of broker for {seconds:.1f} s")
        self._hang(self._platform.pids()["broker"], seconds, groups.send)

    def hang_ingestion(self) -> None:
        if process := self._run("rolling"):
            seconds = self._random.uniform(1, 10)
            self._say(f"SIGSTOP of the rolling run for {seconds:.1f} s")
            self._hang(process, seconds, _send)

    def fill_disk(self) -> None:
        """As the rolling run sees it: it can write no file beyond this size."""
        if process := self._run("rolling"):
            largest = self._random.choice([1_000, 100_000, 300_000])
            self._say(f"no file of the rolling run grows beyond {largest:,} bytes")
            with suppress(ProcessLookupError):
                resource.prlimit(process, resource.RLIMIT_FSIZE, (largest, largest))

    def hold_write_lock(self) -> None:
        seconds = self._random.uniform(1, 8)
        self._say(f"the write lock is held for {seconds:.1f} s")
        with file_lock(self._warehouse / "write.lock", 60):
            time.sleep(seconds)

    def hold_catalog(self) -> None:
        seconds = self._random.uniform(1, 8)
        self._say(f"the catalog is held for {seconds:.1f} s")
        hold = (
            f"import sqlite3, time; held = sqlite3.connect({str(self._warehouse / 'catalog.sqlite')!r}, timeout=30); "
            f"held.execute('BEGIN EXCLUSIVE'); time.sleep({seconds})"
        )
        subprocess.run([sys.executable, "-c", hold], check=False, stderr=subprocess.DEVNULL, timeout=120)

    def add_partition(self) -> None:
        if self._partitions >= 6:
            return
        self._partitions += 1
        self._say(f"{self._settings.orders_topic} gets partition {self._partitions - 1}")
        admin = AdminClient({"bootstrap.servers": self._settings.kafka_bootstrap_servers, "log_level": 2})
        admin.create_partitions([NewPartitions(self._settings.orders_topic, self._partitions)])

    @property
    def _warehouse(self) -> Path:
        return self._settings.home / "warehouse"

    def _run(self, lease: str) -> int | None:
        return holder_of(self._warehouse / f"{lease}.lock")

    def _signal_run(self, lease: str, number: int) -> None:
        if process := self._run(lease):
            self._say(f"{signal.Signals(number).name} of the {lease} run, process {process}")
            _send(process, number)

    def _hang(self, process: int, seconds: float, send: Callable[[int, int], object]) -> None:
        send(process, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            send(process, signal.SIGCONT)

    def _wait(self) -> None:
        time.sleep(self._random.uniform(0, 3))


def _send(process: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, number)
