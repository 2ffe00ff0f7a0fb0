import socket
from pathlib import Path

import pytest

from flowguard.errors import PlatformFailed
from flowguard.local import ports
from flowguard.settings import load_settings


def test_a_taken_port_is_refused_with_the_setting_to_change() -> None:
    with socket.create_server((ports.HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PlatformFailed, match=f"port {port} is taken .* set FLOWGUARD_GATEWAY_PORT to another"):
            ports.refuse_taken(
                {
                    "FLOWGUARD_WEBSERVER_PORT": (ports.HOST, ports.free_port()),
                    "FLOWGUARD_GATEWAY_PORT": (ports.HOST, port),
                }
            )


def test_free_ports_are_not_refused() -> None:
    ports.refuse_taken({"FLOWGUARD_GATEWAY_PORT": (ports.HOST, ports.free_port())})


def test_everything_local_moves_to_ports_of_its_own(tmp_path: Path) -> None:
    settings = ports.on_free_ports(load_settings(tmp_path))
    own = {settings.gateway_port, settings.code_server_port, settings.webserver_port, settings.dashboard_port}
    assert len({ports.broker_port(settings), *own}) == 5


@pytest.mark.parametrize("bootstrap", ["kafka.example.com:9092", "127.0.0.1", "127.0.0.1:1,127.0.0.1:x"])
def test_a_broker_of_our_own_listens_on_loopback_only(tmp_path: Path, bootstrap: str) -> None:
    with pytest.raises(PlatformFailed, match="--broker external"):
        ports.broker_port(load_settings(tmp_path, kafka_bootstrap_servers=bootstrap))


def test_a_free_port_is_not_one_that_an_outgoing_connection_could_get() -> None:
    with socket.create_server((ports.HOST, 0)) as server, socket.create_connection(server.getsockname()) as outgoing:
        # Both have what the kernel gives who asks for no port in particular.
        assert ports.free_port() < min(server.getsockname()[1], outgoing.getsockname()[1])
