"""Ports of the loopback interface."""

import secrets
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from flowguard.errors import PlatformFailed
from flowguard.settings import Settings

HOST = "127.0.0.1"
_FOR_SERVERS = range(20_000, 32_768)
"""Below those of outgoing connections, which Linux takes from 32,768 on, others from higher ports."""


def free_port() -> int:
    """A port that was free a moment ago, and is not one that an outgoing connection gets meanwhile."""
    while not is_free(HOST, port := secrets.choice(_FOR_SERVERS)):
        pass
    return port


def on_free_ports(settings: Settings) -> Settings:
    """The same settings, everything local on ports that were free a moment ago."""
    return settings.model_copy(
        update={
            "kafka_bootstrap_servers": f"{HOST}:{free_port()}",
            "gateway_port": free_port(),
            "code_server_port": free_port(),
            "webserver_port": free_port(),
            "dashboard_port": free_port(),
        }
    )


def broker_port(settings: Settings) -> int:
    """The port that a broker of our own takes: the one of the bootstrap address."""
    host, _, port = settings.kafka_bootstrap_servers.rpartition(":")
    if host not in (HOST, "localhost") or not port.isdigit():
        raise PlatformFailed(
            f"no broker of our own can listen on {settings.kafka_bootstrap_servers}: use `flowguard up "
            f"--broker external` for a Kafka of your own, or set FLOWGUARD_KAFKA_BOOTSTRAP_SERVERS to {HOST} and a port"
        )
    return int(port)


def fakesnow_address(settings: Settings) -> tuple[str, int]:
    """Where a fakesnow of our own listens: at the endpoint of Snowflake."""
    endpoint = urlsplit(settings.snowflake_endpoint or "")
    if endpoint.hostname != HOST or endpoint.port is None:
        raise PlatformFailed(
            f"no fakesnow of our own can listen on {settings.snowflake_endpoint}: set FLOWGUARD_SNOWFLAKE_ENDPOINT "
            f"to http://{HOST} and a port"
        )
    return endpoint.hostname, endpoint.port


def refuse_taken(wanted: Mapping[str, tuple[str, int]]) -> None:
    """Raise PlatformFailed, naming the setting to change, unless every port (by setting: address, port) is free."""
    for setting, (host, port) in wanted.items():
        if not is_free(host, port):
            raise PlatformFailed(
                f"port {port} is taken by another program: stop it, or set {setting} to another "
                f"(`flowguard status` tells whether it is FlowGuard's)"
            )


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there."""
    with socket.socket() as probe:
        # What a program that has ended left in TIME_WAIT is no obstacle to the servers either.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
