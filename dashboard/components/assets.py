"""The JavaScript and CSS beside these modules, read once by the server and sent once to each page.

Streamlit sends a component's whole source with every change of its data. So pages that begin with `share_code` hold the
source themselves, in one message that is large enough for Streamlit's cache, and components send a line that calls it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import streamlit as st

from dashboard.components import theme

_COLORS = {
    "__KEPT__": theme.KEPT_COLOR,
    "__DROPPED__": theme.DROPPED_COLOR,
    "__NO_CLASS__": theme.NO_CLASS_COLOR,
}


@cache
def asset(*names: str) -> str:
    """Text files of `assets/`, joined: the browser's modules cannot import one another, so parts share one scope.

    Where they name a color of `theme`, it is put in here.
    """
    folder = files("dashboard.components") / "assets"
    text = "\n".join((folder / name).read_text(encoding="utf-8") for name in names)
    for placeholder, color in _COLORS.items():
        text = text.replace(placeholder, color)
    return text


# Components whose source `share_code` sends: name -> its JavaScript and CSS files.
SHARED = {
    "nodes": (("element.js", "nodes.js"), ("nodes.css",)),
    "gallery": (("element.js", "gallery.js"), ("gallery.css",)),
    "sliders": (("element.js", "sliders.js"), ("sliders.css",)),
    "drawer_keys": (("drawer_keys.js",), ()),
    "page_keys": (("page_keys.js",), ()),
    "toggles": (("element.js", "toggles.js"), ("toggles.css",)),
}
_CODE = "chaffinch_shared_code"  # not "chaffinch_code": so the map calls its own source
_HIDDEN = f"\n.st-key-{_CODE} {{ position: absolute; }}"
_HOME = "(window.__chaffinch ||= { waiting: [] })"
CACHED_FROM = 10_240  # Streamlit sends an unchanged message again unless it is larger than 10,000 bytes


_shared = False  # whether pages of this server send the source of the shared components themselves


def is_shared() -> bool:
    """Whether `share_code` sends the source, so that a component need not."""
    return _shared


def share_code() -> None:
    """Send the source of all shared components; call it first in every run of a page."""
    code = _bundle()
    with st.container(key=_CODE, gap=None):
        _code_mount(code)(key=f"{_CODE}_mount")
    global _shared
    _shared = True


@cache
def _code_mount(code: str) -> Callable[..., Any]:
    return st.components.v2.component(_CODE, js=code.ljust(CACHED_FROM), isolate_styles=False)


@cache
def _bundle() -> str:
    """JavaScript: every shared component where `_line` looks for it, and their CSS in the page."""
    css = "\n".join(asset(*css) for _, css in SHARED.values() if css)
    parts = [
        f"const home = {_HOME}",
        "home.parts ||= {}",
        "home.style ||= document.head.appendChild(document.createElement('style'))",
        f"home.style.textContent = {json.dumps(css + _HIDDEN)}",
    ]
    for name, (js, _) in SHARED.items():
        parts.append("{\n" + asset(*js).replace("export default ", f"home.parts[{_part(name)!r}] = ") + "\n}")
    parts.append("for (const [name, c, ended] of (home.late || []).splice(0)) ended(home.parts[name]?.(c))")
    return "\n".join([*parts, "export default () => {}"])


def _part(name: str) -> str:
    js, _ = SHARED[name]
    return f"{name}-{hashlib.sha256(asset(*js).encode()).hexdigest()[:12]}"


def call_line(name: str) -> str:
    """What a shared component sends: a call of its source, now or once that has come."""
    return (
        f"export default (c) => {{ const home = {_HOME}; const part = home.parts?.[{_part(name)!r}]\n"
        "if (part) return part(c)\n"
        f"let end; (home.late ||= []).push([{_part(name)!r}, c, (e) => (end = e)]); return () => end?.() }}\n"
    )


@cache
def plotly_source() -> tuple[bytes, str, str]:
    """plotly.js of the installed package: (bytes, version, sha256). Nothing comes from a network."""
    import plotly
    from plotly.offline import get_plotlyjs

    source = get_plotlyjs().encode()
    return source, plotly.__version__, hashlib.sha256(source).hexdigest()
