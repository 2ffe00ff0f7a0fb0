"""Serving HTTP in the foreground, until SIGTERM or Ctrl-C: then what has begun is finished."""

import logging
import signal
import sys
from typing import Any

import uvicorn


def serve(app: Any, host: str, port: int, **more: Any) -> None:
    """``app`` is ASGI; ``more`` is for uvicorn."""
    # Once it has finished, uvicorn raises the signal again, which would be the end of this process, not its exit.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    uvicorn.run(app, host=host, port=port, access_log=False, log_level="warning", server_header=False, **more)
