"""The little that Streamlit's theme cannot say."""

import streamlit as st

_CSS = """
<style>
.block-container { padding-top: 4rem; max-width: 90rem; }
h2 { padding: 0 !important; } h4 { padding: 0 !important; font-size: 1.05rem !important; }
[class*="st-key-panel_"] { background: light-dark(#fff, #1b212a); }
@media (max-width: 40rem) { .block-container { padding-left: .7rem; padding-right: .7rem; } }
</style>
"""


def apply() -> None:
    st.html(_CSS)
