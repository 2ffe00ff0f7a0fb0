"""``python -m flowguard.dashboard``: serve until SIGTERM or Ctrl-C."""

import logging
import signal
import sys
from pathlib import Path

import uvicorn
from starlette.middleware import Middleware
from streamlit.starlette import App

from flowguard.dashboard.access import Access
from flowguard.errors import FlowGuardError
from flowguard.priority import give_way
from flowguard.settings import Settings, load_settings

SCRIPT = Path(__file__).with_name("app.py")


def create_app(settings: Settings) -> App:
    """All of Streamlit, its websocket and its downloads too, behind one door."""
    return App(SCRIPT, middleware=[Middleware(Access, settings=settings)])


def serve(settings: Settings) -> None:
    """Serve in the foreground."""
    give_way()
    # Once it has finished, uvicorn raises the signal again, which would be the end of this process, not its exit.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    uvicorn.run(
        create_app(settings),
        host=settings.dashboard_host,
        port=settings.dashboard_port,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    try:
        serve(load_settings())
    except FlowGuardError as error:
        sys.exit(f"flowguard dashboard: {error}")
