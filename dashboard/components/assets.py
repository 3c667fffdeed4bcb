"""The JavaScript and CSS beside these modules, read once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import streamlit as st


@cache
def asset(*names: str) -> str:
    """Text files of `assets/`, joined: the browser's modules cannot import one another, so parts share one scope."""
    folder = files("dashboard.components") / "assets"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)


@cache
def browser_component(
    name: str, *, js: tuple[str, ...], css: tuple[str, ...] = (), html: str = "", isolated: bool = False
) -> Callable[..., Any]:
    """Register one component of the browser from its asset files; later calls give the same one."""
    return st.components.v2.component(
        f"chaffinch_{name}", js=asset(*js), css=asset(*css) or None, html=html or None, isolate_styles=isolated
    )


@cache
def plotly_source() -> tuple[bytes, str, str]:
    """plotly.js of the installed package: (bytes, version, sha256). Nothing comes from a network."""
    import plotly
    from plotly.offline import get_plotlyjs

    source = get_plotlyjs().encode()
    return source, plotly.__version__, hashlib.sha256(source).hexdigest()
