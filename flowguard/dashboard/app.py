"""The script that Streamlit runs for each reader and click: controls, then the page."""

from pathlib import Path

import streamlit as st

from flowguard.dashboard import controls, source, style
from flowguard.dashboard.views import clicks, customers, flow, sales
from flowguard.errors import FlowGuardError

ICON = Path(__file__).with_name("icon.svg")
PAGES = (
    ("Sales", "sales", ":material/payments:", sales.draw, True),
    ("Clicks and conversion", "clicks", ":material/ads_click:", clicks.draw, True),
    ("Customers", "customers", ":material/group:", customers.draw, False),
    ("Flow", "flow", ":material/account_tree:", flow.draw, False),
)
"""Title, path, icon, what draws it, and whether its figures have categories."""


def main() -> None:
    st.set_page_config("FlowGuard", page_icon=str(ICON), layout="wide", initial_sidebar_state="auto")
    style.apply()
    pages = {
        path: st.Page(lambda: None, title=title, icon=icon, url_path=path, default=number == 0)
        for number, (title, path, icon, *_) in enumerate(PAGES)
    }
    chosen = st.navigation(list(pages.values()), position="top")
    title, path, _, draw, has_categories = next(page for page in PAGES if page[0] == chosen.title)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"## {title}", width="content")
        refresh = controls.live()
    try:
        filters = controls.filters(source.now().date(), has_categories)
    except FlowGuardError as error:
        st.info(f"There is nothing to show yet: {error}", icon=":material/hourglass_empty:")
        st.fragment(lambda: None, run_every=refresh)()
        return

    @st.fragment(run_every=refresh, key=path)
    def page() -> None:
        draw(filters)

    page()
    with st.container(key=f"end_of_{path}"):
        st.caption(
            "Days and hours are UTC. One order is one item. Orders and revenue are gross; only net revenue subtracts "
            f"refunds. Money is in {source.settings().currency}."
        )


main()
