"""Whether the dashboard can be started: it is an extra, because Streamlit brings much that nothing else needs."""

import importlib.util

HOW_TO_GET = "not installed: pip install 'flowguard[dashboard]'"


def has_dashboard() -> bool:
    return importlib.util.find_spec("streamlit") is not None
