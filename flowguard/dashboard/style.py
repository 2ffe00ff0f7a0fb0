"""The little that Streamlit's theme cannot say."""

from typing import Any

import streamlit as st

_CSS = """
<style>
.block-container { padding-top: 4rem; padding-bottom: 1.5rem; max-width: 90rem; }
h2 { padding: 0 !important; } h4 { padding: 0 0 .3rem !important; font-size: 1.05rem !important; }
[class*="st-key-panel_"] { background: light-dark(#fff, #1b212a); }
.st-key-filters [data-testid="stButtonGroup"] button { min-height: 2.5rem; }
[data-testid="stMetricValue"] { font-size: 1.7rem; }
.stMarkdownBadge { white-space: normal !important; }
@media (max-width: 40rem) { .block-container { padding-left: .7rem; padding-right: .7rem; } }
</style>
"""


_INK = {"light": "#1b2430", "dark": "#e8ecf1"}
_PALE_INK = {"light": "#4b5766", "dark": "#c3cbd6"}


def chart_colours() -> dict[str, Any]:
    """Configuration of a chart: Streamlit gives its texts and lines no colour, or one that is hard to read."""
    theme = "dark" if st.context.theme.type == "dark" else "light"
    words = {"labelColor": _PALE_INK[theme], "titleColor": _PALE_INK[theme]}
    return {
        "background": "transparent",
        "text": {"color": _INK[theme]},
        "rule": {"color": _INK[theme]},
        "axis": words,
        "legend": words,
    }


def apply() -> None:
    st.html(_CSS)
