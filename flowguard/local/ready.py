"""Whether a part of the platform really answers. Each question gives None, or why it is not ready yet."""

import socket
import urllib.request
from http.client import HTTPException

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from flowguard.errors import PlatformFailed
from flowguard.local import ports, webserver
from flowguard.local.broker_process import why_silent
from flowguard.settings import Settings

ANSWER_SECONDS = 2.0


def broker(settings: Settings) -> str | None:
    return why_silent(settings.kafka_bootstrap_servers, ANSWER_SECONDS)


def fakesnow(settings: Settings) -> str | None:
    """It listens from when it can answer."""
    try:
        socket.create_connection(ports.fakesnow_address(settings), ANSWER_SECONDS).close()
    except OSError as error:
        return f"{settings.snowflake_endpoint}: {error}"
    return None


def gateway(settings: Settings) -> str | None:
    """Ready is more than alive: it has reached the broker."""
    return _answers(f"{gateway_address(settings)}/health/ready")


def code_server(settings: Settings) -> str | None:
    """It serves from when the definitions are loaded."""
    with grpc.insecure_channel(f"{settings.code_server_host}:{settings.code_server_port}") as channel:
        question = health_pb2.HealthCheckRequest(service="DagsterApi")
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(question, timeout=ANSWER_SECONDS)
        except grpc.RpcError as error:
            return str(error.code())
    return None if answer.status == health_pb2.HealthCheckResponse.SERVING else "not serving"


def dagster_webserver(settings: Settings) -> str | None:
    """It answers and has loaded the definitions from the code server."""
    try:
        return _answers(f"{webserver_address(settings)}/server_info") or webserver.load_error(settings)
    except PlatformFailed as error:
        return str(error)


def dagster_daemon(settings: Settings) -> str | None:
    try:
        unhealthy = webserver.unhealthy_daemons(settings)
    except PlatformFailed as error:
        return str(error)
    return f"no heartbeat of {', '.join(unhealthy)}" if unhealthy else None


def dashboard(settings: Settings) -> str | None:
    return _answers(f"{dashboard_address(settings)}/_stcore/health")


def gateway_address(settings: Settings) -> str:
    """Where people reach the storefront on this machine."""
    return _on_this_machine(settings.gateway_host, settings.gateway_port)


def dashboard_address(settings: Settings) -> str:
    """Where people reach the dashboard on this machine."""
    return _on_this_machine(settings.dashboard_host, settings.dashboard_port)


def webserver_address(settings: Settings) -> str:
    """Where people reach Dagster's page."""
    return f"http://127.0.0.1:{settings.webserver_port}"


def _on_this_machine(host: str, port: int) -> str:
    return f"http://{'127.0.0.1' if host in ('0.0.0.0', '::', '') else host}:{port}"


def _answers(address: str) -> str | None:
    try:
        with urllib.request.urlopen(address, timeout=ANSWER_SECONDS):
            return None
    except (OSError, HTTPException) as error:  # urllib's errors are OSErrors
        return f"{address}: {error}"
