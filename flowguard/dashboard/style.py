"""The little that Streamlit's theme cannot say."""

import streamlit as st

_CSS = """
<style>
.block-container { padding-top: 4rem; max-width: 90rem; }
h2 { padding: 0 !important; } h4 { padding: 0 !important; font-size: 1.05rem !important; }
[class*="st-key-panel_"] { background: light-dark(#fff, #1b212a); }
[data-testid="stMetricValue"] { font-size: 1.7rem; }
.stMarkdownBadge { white-space: normal !important; }
@media (max-width: 40rem) { .block-container { padding-left: .7rem; padding-right: .7rem; } }
</style>
"""


_INK = {"light": "#1b2430", "dark": "#e8ecf1"}


def ink() -> str:
    """The colour of texts, which Streamlit does not give to those in a chart."""
    return _INK.get(st.context.theme.type or "light", _INK["light"])


def apply() -> None:
    st.html(_CSS)
