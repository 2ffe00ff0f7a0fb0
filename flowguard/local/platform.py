"""The whole platform on one machine: broker, gateway, Dagster's three processes, dashboard, shoppers."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Self

from flowguard.errors import PlatformFailed
from flowguard.kafka.broker import Broker
from flowguard.local import dagster_home, parts, ports, webserver
from flowguard.local.home import HomeLock
from flowguard.local.parts import BrokerKind, Part
from flowguard.local.supervisor import Supervisor
from flowguard.local.unclean import RunningMark, go_on_after_unclean_stop
from flowguard.settings import Settings, as_environment, fix_in_home

LONGEST_START_SECONDS = 120.0
_LONGEST_CANCEL_SECONDS = 10.0
_ASK_AGAIN_SECONDS = 0.1
_LOOK_AGAIN_SECONDS = 0.5
_NEEDED_BY_OTHERS = ("broker", "fakesnow")

Progress = Callable[[str], None]
"""Is told what is being done, a few words at a time."""


class Platform:
    """A context manager that runs the platform of a home; leaving it leaves no process behind.

    >>> with Platform(settings, shoppers=()) as platform:  # doctest: +SKIP
    ...     platform.start()
    ...     platform.watch()
    """

    def __init__(
        self,
        settings: Settings,
        *,
        broker: BrokerKind = "embedded",
        own_snowflake: bool = False,
        shoppers: Sequence[str] | None = None,
        dashboard: bool = False,
        definitions: str = parts.DEFINITIONS,
        progress: Progress = lambda doing: None,
    ) -> None:
        """``own_snowflake``: the tables are on a fakesnow server, which is one of the parts.

        ``shoppers``: the words after ``flowguard simulate``; None for no shoppers.

        ``definitions``: the module for Dagster.
        """
        self._settings = settings
        self._progress = progress
        self._external = broker == "external"
        self._mark = RunningMark(settings) if broker == "embedded" else None
        workspace = settings.dagster_home / dagster_home.WORKSPACE
        self._stages = parts.stages(
            settings,
            workspace,
            broker=broker,
            own_snowflake=own_snowflake,
            shoppers=shoppers,
            dashboard=dashboard,
            definitions=definitions,
        )
        self._parts = {part.name: part for stage in self._stages for part in stage}
        self._ready: set[str] = set()
        self._given_up: set[str] = set()

    def __enter__(self) -> Self:
        """Raises PlatformFailed: something runs in this home already, or a port is taken."""
        with ExitStack() as stack:
            self._lock = HomeLock(self._settings.home)
            stack.callback(self._lock.release)
            ports.refuse_taken(
                {part.setting: (part.host, part.port) for part in self._parts.values() if part.port is not None}
            )
            fix_in_home(self._settings)
            dagster_home.prepare(self._settings)
            self._supervisor = stack.enter_context(
                Supervisor(self._settings.home / "logs", as_environment(self._settings), [self._lock.descriptor])
            )
            self._entered = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._entered:
            self.stop()

    def start(self) -> None:
        """Start the parts in the order in which they need each other, waiting until each really answers.

        Raises:
            PlatformFailed: a part ended, with the end of its log, or did not answer in time.
        """
        if self._external:
            self._make_topics()
        unclean = self._mark is not None and self._mark.left_behind()
        for stage in self._stages:
            self._progress(f"starting {' and '.join(part.name for part in stage)}")
            for part in stage:
                self._supervisor.start(part.program)
            self._tell()
            self.wait_ready(stage)
            if any(part.name == "broker" for part in stage):
                self._make_topics()
                if unclean:
                    go_on_after_unclean_stop(self._settings, self._progress)

    def wait_ready(self, stage: Sequence[Part] | None = None) -> None:
        """Wait until parts (default: all) answer; raises PlatformFailed as `start` does."""
        deadline = time.monotonic() + LONGEST_START_SECONDS
        for part in self._parts.values() if stage is None else stage:
            self._wait_for(part, deadline)

    def check(self) -> None:
        """Raise PlatformFailed, with the end of its log, if a part has ended by itself."""
        for name in self._supervisor.ended():
            if self._parts[name].vital:
                raise PlatformFailed(self._supervisor.obituary(name))
            if name not in self._given_up:
                self._given_up.add(name)
                self._progress(self._supervisor.obituary(name))

    def pids(self) -> dict[str, int]:
        """The process of each part that was started and not stopped."""
        return self._supervisor.pids()

    def revive(self, name: str) -> None:
        """Start a part again; what is left of it is stopped before."""
        self._supervisor.stop(name)
        self._supervisor.start(self._parts[name].program)
        self._tell()

    def revive_ended(self) -> None:
        """Start again what has ended by itself."""
        for name in self._supervisor.ended():
            self.revive(name)

    def watch(self) -> None:
        """Look after the parts until one ends by itself; raises as `check` does."""
        while True:
            self.check()
            time.sleep(_LOOK_AGAIN_SECONDS)

    def stop(self) -> None:
        """Stop what runs: first what makes work, then the runs, and what the others need last."""
        self._stop("shoppers", "daemon")
        self._cancel_runs()
        self._stop(*(name for name in self._parts if name not in _NEEDED_BY_OTHERS))
        self._stop("fakesnow")
        if self._stop("broker") and self._mark is not None:
            self._mark.remove()

    def _stop(self, *names: str) -> bool:
        """Whether something ran, and ended in an orderly way."""
        running = [name for name in names if name in self._supervisor.pids()]
        if not running:
            return False
        self._progress(f"stopping {' and '.join(running)}")
        return not self._supervisor.stop(*running)

    def _cancel_runs(self) -> None:
        if "webserver" in self._ready:
            self._progress("stopping runs")
            with suppress(PlatformFailed):  # then they are stopped with the code server, and show as failed
                webserver.cancel_runs(self._settings, _LONGEST_CANCEL_SECONDS)

    def _wait_for(self, part: Part, deadline: float) -> None:
        while part.ready is not None:
            why_not = part.ready(self._settings)
            self.check()  # also when something answers: it might be another program on that port
            if why_not is None:
                self._ready.add(part.name)
                return
            if part.name in self._given_up:
                return
            if time.monotonic() > deadline:
                waited = f"{part.name} was not ready after {LONGEST_START_SECONDS:.0f} s"
                raise PlatformFailed(f"{waited} ({why_not}){self._supervisor.log_tail(part.name)}")
            time.sleep(_ASK_AGAIN_SECONDS)

    def _make_topics(self) -> None:
        self._progress("making topics")
        broker = Broker(self._settings)
        try:
            broker.ensure_topics()
            broker.check_topics()
        finally:
            broker.close()

    def _tell(self) -> None:
        self._lock.tell(
            {name: {"pid": pid, "address": self._parts[name].address} for name, pid in self._supervisor.pids().items()}
        )
