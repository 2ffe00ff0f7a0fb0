"""``python -m flowguard.gateway``: serve until SIGTERM or Ctrl-C, then finish what has begun."""

import math
import sys

from flowguard.errors import FlowGuardError
from flowguard.gateway.app import create_app
from flowguard.serving import serve
from flowguard.settings import load_settings

CONNECTIONS = 2_048
"""At once; beyond it uvicorn answers 503, so that bodies being received are bounded too."""
SETTLED_AFTER = 3
"""Seconds within which a timeout is noticed: the client library looks once a second, and the machine may be busy."""


def main() -> None:
    settings = load_settings()
    serve(
        create_app(settings),
        settings.gateway_host,
        settings.gateway_port,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=math.ceil(settings.gateway_timeout.total_seconds()) + SETTLED_AFTER,
    )


if __name__ == "__main__":
    try:
        main()
    except FlowGuardError as error:
        sys.exit(f"flowguard gateway: {error}")
