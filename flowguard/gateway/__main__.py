"""``python -m flowguard.gateway``: serve until SIGTERM or Ctrl-C, then finish what has begun."""

import logging
import math
import signal
import sys

import uvicorn

from flowguard.errors import FlowGuardError
from flowguard.gateway.app import create_app
from flowguard.settings import Settings, load_settings

CONNECTIONS = 2_048
"""At once; beyond it uvicorn answers 503, so that bodies being received are bounded too."""
SETTLED_AFTER = 3
"""Seconds within which a timeout is noticed: the client library looks once a second, and the machine may be busy."""


def serve(settings: Settings) -> None:
    """Serve in the foreground."""
    # Once it has finished, uvicorn raises the signal again, which would be the end of this process, not its exit.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    uvicorn.run(
        create_app(settings),
        host=settings.gateway_host,
        port=settings.gateway_port,
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=math.ceil(settings.gateway_timeout.total_seconds()) + SETTLED_AFTER,
    )


if __name__ == "__main__":
    try:
        serve(load_settings())
    except FlowGuardError as error:
        sys.exit(f"flowguard gateway: {error}")
