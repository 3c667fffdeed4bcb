"""What the first map and the first chart need, fetched and compiled while someone reads a page that has neither."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from dashboard.components.assets import plotly_source
from dashboard.components.browser import browser_component
from dashboard.components.map_columns import send_code, send_plotly

_KEY = "warm_up"


def warm_up() -> None:
    """Call it last and as a fragment: nothing of it is seen or read out, and nothing on the page waits for it."""
    with st.container(key=_KEY, gap=None):
        send_code(_KEY)
        mount = browser_component("warm", js=("map/warm.js",))
        need = mount(key=f"{_KEY}_mount", data={"plotly": plotly_source()[1:]}, on_need_change=lambda: None).get("need")
        if need == "plotly":
            send_plotly(_KEY)
        if need == "chart":
            st.plotly_chart(go.Figure(), key=f"{_KEY}_chart", height=80, config={"displayModeBar": False})
