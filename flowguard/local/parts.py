"""The parts of the platform: how each is started, where it listens, and how it is asked whether it is ready."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from flowguard.local import apache_kafka, fakesnow, ports, ready
from flowguard.local import broker as embedded
from flowguard.local.supervisor import Program
from flowguard.settings import Settings

DEFINITIONS = "flowguard.definitions"

BrokerKind = Literal["embedded", "kafka", "external"]
"""What is started as the part ``broker``; external: nothing, the settings name one that runs already."""


@dataclass(frozen=True)
class Part:
    """``setting`` names the setting to change if the port is taken; a part without a port listens nowhere.

    ``ready`` gives None, or why the part is not ready yet. The platform goes on without a part that is not ``vital``.
    """

    program: Program
    ready: Callable[[Settings], str | None] | None = None
    host: str = ports.HOST
    port: int | None = None
    setting: str = ""
    vital: bool = True

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def address(self) -> str | None:
        return f"{self.host}:{self.port}" if self.port else None


def stages(
    settings: Settings,
    workspace: Path,
    *,
    broker: BrokerKind = "embedded",
    own_snowflake: bool = False,
    shoppers: Sequence[str] | None = None,
    dashboard: bool = False,
    definitions: str = DEFINITIONS,
) -> list[list[Part]]:
    """The parts in the order in which they need each other; those of one stage start together.

    ``own_snowflake``: a fakesnow server is one of the parts.

    ``shoppers``: the words after ``flowguard simulate``; None for no shoppers.
    """
    first = [
        *([] if broker == "external" else [[_broker(settings, broker)]]),
        *([[_fakesnow(settings)]] if own_snowflake else []),
    ]
    pages = [_webserver(settings, workspace), *([_dashboard(settings)] if dashboard else [])]
    last = [] if shoppers is None else [[_shoppers(shoppers)]]
    return [
        *first,
        [_gateway(settings), _code_server(settings, definitions)],
        [*pages, _daemon(workspace)],
        *last,
    ]


def _broker(settings: Settings, kind: Literal["embedded", "kafka"]) -> Part:
    """Each kind has data of its own."""
    port = ports.broker_port(settings)
    if kind == "kafka":
        command = apache_kafka.command(settings.home / "kafka", port)
    else:
        command = embedded.command(settings.home / "broker", port)
    program = Program("broker", tuple(command))
    return Part(program, ready.broker, port=port, setting="FLOWGUARD_KAFKA_BOOTSTRAP_SERVERS")


def _fakesnow(settings: Settings) -> Part:
    host, port = ports.fakesnow_address(settings)
    directory = settings.home / "fakesnow"
    directory.mkdir(parents=True, exist_ok=True)
    program = Program("fakesnow", tuple(fakesnow.command(directory, port)))
    return Part(program, ready.fakesnow, host, port, "FLOWGUARD_SNOWFLAKE_ENDPOINT")


def _gateway(settings: Settings) -> Part:
    return Part(
        _python("gateway", "flowguard.gateway"),
        ready.gateway,
        settings.gateway_host,
        settings.gateway_port,
        "FLOWGUARD_GATEWAY_PORT",
    )


def _code_server(settings: Settings, definitions: str) -> Part:
    """One process for webserver and daemon. Runs are its children, in its process group.

    It would wait for its sensors' ticks, which last 20 s, although nobody hears their answers any more.
    """
    host, port = settings.code_server_host, settings.code_server_port
    where = ("-h", host, "-p", str(port))
    program = _python(
        "code-server", "dagster", "api", "grpc", "-m", definitions, *where, "--location-name", "flowguard"
    )
    return Part(replace(program, patience=4.0), ready.code_server, host, port, "FLOWGUARD_CODE_SERVER_PORT")


def _webserver(settings: Settings, workspace: Path) -> Part:
    where = ("-h", ports.HOST, "-p", str(settings.webserver_port))
    program = _python("webserver", "dagster_webserver", *where, "-w", str(workspace))
    return Part(program, ready.dagster_webserver, port=settings.webserver_port, setting="FLOWGUARD_WEBSERVER_PORT")


def _dashboard(settings: Settings) -> Part:
    """The tables are taken care of without it."""
    program = _python("dashboard", "flowguard.dashboard")
    host, port = settings.dashboard_host, settings.dashboard_port
    return Part(program, ready.dashboard, host, port, "FLOWGUARD_DASHBOARD_PORT", vital=False)


def _daemon(workspace: Path) -> Part:
    """It would wait for its sensors' ticks too, and keeps nothing in memory that a kill could lose."""
    program = _python("daemon", "dagster._daemon", "run", "-w", str(workspace), "--log-level", "warning")
    return Part(replace(program, patience=2.0), ready.dagster_daemon)


def _shoppers(arguments: Sequence[str]) -> Part:
    return Part(_python("shoppers", "flowguard", "simulate", *arguments), vital=False)


def _python(name: str, module: str, *arguments: str) -> Program:
    return Program(name, (sys.executable, "-m", module, *arguments))
