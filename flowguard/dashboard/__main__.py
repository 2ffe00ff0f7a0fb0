"""``python -m flowguard.dashboard``: serve until SIGTERM or Ctrl-C."""

import os
import sys
from pathlib import Path

from starlette.middleware import Middleware
from streamlit.starlette import App

from flowguard.dashboard.access import Access
from flowguard.dashboard.views import clicks, customers, flow, sales  # noqa: F401 — loaded before the first reader comes
from flowguard.errors import FlowGuardError
from flowguard.serving import serve
from flowguard.settings import Settings, load_settings

SCRIPT = Path(__file__).with_name("app.py")


def create_app(settings: Settings) -> App:
    """All of Streamlit, its websocket and its downloads too, behind one door."""
    return App(SCRIPT, middleware=[Middleware(Access, settings=settings)])


def main() -> None:
    os.nice(10)  # those who fill the tables go before those who read them
    settings = load_settings()
    serve(create_app(settings), settings.dashboard_host, settings.dashboard_port, timeout_graceful_shutdown=2)


if __name__ == "__main__":
    try:
        main()
    except FlowGuardError as error:
        sys.exit(f"flowguard dashboard: {error}")
