"""The README is true: each of its commands is run as it is written, and what it shows is there."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from flowguard.local.home import running
from flowguard.local.ports import on_free_ports
from flowguard.models.registry import BY_NAME, VIEWS
from flowguard.settings import PREFIX, Settings, as_environment, load_settings
from flowguard_tests.require import require
from flowguard_tests.waiting import wait_until

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
STARTED = "Ctrl-C stops everything."
FEW = {"EVENTS": "400", f"{PREFIX}HISTORY_DAYS": "1"}
"""For `make demo` and `make up`, which else take longer."""


NOT_PASSED_ON = (f"{PREFIX}HOME", "VENV", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
"""What a person's environment does not have: `make test` itself sets some of it."""


class Block(NamedTuple):
    """A fenced block: the language, and a file's name where it has one."""

    language: str
    file: str
    text: str


class Command(NamedTuple):
    """A command, and the block that follows it if it is the last of its own."""

    words: str
    answer: Block | None

    @property
    def brings_its_own(self) -> bool:
        """Whether it needs no platform that runs already."""
        return "demo" in self.words or "--home" in self.words


def blocks() -> list[Block]:
    found = re.findall(r"^```(\w+) ?(.*)\n((?:.*\n)*?)^```$", README, re.MULTILINE)
    return [Block(*parts) for parts in found]


def commands() -> list[Command]:
    found = []
    for block, follower in zip(blocks(), [*blocks()[1:], None], strict=True):
        if block.language == "sh":
            *others, last = _commands_of(block.text)
            found += [Command(words, None) for words in others] + [Command(last, follower)]
    return found


def _commands_of(text: str) -> list[str]:
    """A command ends with its line, unless quotes are open."""
    found = [""]
    for line in text.splitlines(keepends=True):
        found[-1] += line
        if found[-1].count("'") % 2 == 0:
            found.append("")
    return [command.strip() for command in found if command.strip()]


COMMANDS = commands()
RUN = [command for command in COMMANDS if command.words not in ("make up", "make test")]


class Clone:
    """A directory that looks like a fresh clone whose environment is there: the one that runs the tests."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        for name in ("Makefile", "requirements", "pyproject.toml"):
            (directory / name).symlink_to(ROOT / name)
        for block in blocks():
            if block.file:
                (directory / block.file).write_text(block.text)
        (directory / ".venv").mkdir()
        (directory / ".venv" / "bin").symlink_to(Path(sys.prefix) / "bin")
        for stamp in (".tools", ".local", ".dev"):
            (directory / ".venv" / stamp).touch()
        # No setting but ports: where the data are kept is the default.
        self.settings = on_free_ports(load_settings(directory / ".flowguard"))
        own = as_environment(self.settings) | {"PATH": f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}"}
        self.environment = {name: value for name, value in own.items() if name not in NOT_PASSED_ON} | FEW

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        words = command.replace("127.0.0.1:8080", f"127.0.0.1:{self.settings.gateway_port}")
        return subprocess.run(
            words, shell=True, cwd=self.directory, env=self.environment, capture_output=True, text=True, timeout=280
        )


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    require("embedded-broker")
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            environment.delenv(name)
        clone = Clone(tmp_path_factory.mktemp("clone"))
    assert "install" not in clone.run("make --dry-run up").stdout  # into the environment that runs the tests
    return clone


@pytest.fixture(scope="module")
def running_clone(clone: Clone) -> Iterator[Clone]:
    """With the platform that `make up` runs."""
    assert "make up" in [command.words for command in COMMANDS]
    output = clone.directory / "up.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            ["make", "up"],
            cwd=clone.directory,
            env=clone.environment,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        wait_until(lambda: process.poll() is not None or STARTED in output.read_text(), patience=240)
        assert process.poll() is None, output.read_text()
        wait_until(lambda: ledger_rows(clone), patience=240)
        yield clone
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        assert running(clone.settings.home) is None
    finally:
        with suppress(ProcessLookupError):  # make alone would leave the platform behind
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def ledger_rows(clone: Clone) -> int:
    """So that there is something to ask about."""
    done = clone.run('flowguard sql "SELECT * FROM gold.flow_ledger" --format json')
    return len(json.loads(done.stdout)) if done.returncode == 0 else 0


def named(command: Command) -> str:
    return command.words.splitlines()[0]


@pytest.mark.parametrize("command", [command for command in RUN if command.brings_its_own], ids=named)
def test_a_command_with_a_home_of_its_own(command: Command, clone: Clone) -> None:
    done = clone.run(command.words)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("command", [command for command in RUN if not command.brings_its_own], ids=named)
def test_a_command_beside_the_platform(command: Command, running_clone: Clone) -> None:
    done = running_clone.run(command.words)
    assert done.returncode == 0, done.stdout + done.stderr
    if command.answer and command.answer.language == "json":
        assert json.loads(done.stdout) == json.loads(command.answer.text)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\bmake ([a-z]+)\b(?= ?[`A-Z\n])", README))))
def test_a_target_is_one(target: str) -> None:
    assert re.search(rf"^{target}:.* ## ", (ROOT / "Makefile").read_text(), re.MULTILINE), target


def test_what_it_links_to_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links and all((ROOT / link).exists() for link in links), links


def test_what_it_names_in_the_source_is_there() -> None:
    folders = re.findall(r"^\| `(flowguard/\w+)/`", README, re.MULTILINE)
    assert folders and all((ROOT / folder).is_dir() for folder in folders), folders


def test_settings_and_tables_that_it_names_are_known() -> None:
    settings = {name.lower() for name in re.findall(rf"{PREFIX}(\w+)", README)}
    assert settings and settings <= set(Settings.model_fields)
    tables = set(re.findall(r"\b(?:gold|silver|bronze|ops)\.\w+", README))
    assert tables and tables <= {*BY_NAME, *(view.full_name for view in VIEWS)}
