"""The look of every page: its style sheets, and the code that its components share."""

from __future__ import annotations

from importlib.resources import files

import streamlit as st

from dashboard.components import assets, theme

_ASSETS = files("dashboard") / "assets"
ICON = str(_ASSETS / "icon.png")  # a file of ours: a symbol's name would be fetched from the network


def page_style() -> None:
    """Edge to edge, small headings, tabular figures; light or dark as the browser asks."""
    theme.apply_page_style()
    sheets = ("workspace.css", "dark.css") if theme.is_dark() else ("workspace.css",)
    css = "\n".join((_ASSETS / sheet).read_text(encoding="utf-8") for sheet in sheets)
    st.html(f"<style>{css.ljust(assets.CACHED_FROM)}</style>")
    assets.share_code()
