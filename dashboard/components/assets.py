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


@cache
def asset(*names: str) -> str:
    """Text files of `assets/`, joined: the browser's modules cannot import one another, so parts share one scope."""
    folder = files("dashboard.components") / "assets"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)


# Components whose source `share_code` sends: name -> its JavaScript and CSS files.
SHARED = {
    "nodes": (("nodes.js",), ("nodes.css",)),
    "gallery": (("gallery.js",), ("gallery.css",)),
    "sliders": (("sliders.js",), ("sliders.css",)),
    "drawer_keys": (("drawer_keys.js",), ()),
    "page_keys": (("page_keys.js",), ()),
    "toggles": (("toggles.js",), ("toggles.css",)),
}
_CODE = "chaffinch_shared_code"  # not "chaffinch_code": so the map calls its own source
_HIDDEN = f"\n.st-key-{_CODE} {{ position: absolute; }}"
_HOME = "(window.__chaffinch ||= { waiting: [] })"
CACHED_FROM = 10_240  # Streamlit sends an unchanged message again unless it is larger than 10,000 bytes


@cache
def browser_component(
    name: str, *, js: tuple[str, ...], css: tuple[str, ...] = (), html: str = "", isolated: bool = False
) -> Callable[..., Any]:
    """Register one component of the browser from its asset files; later calls give the same one."""
    whole = st.components.v2.component(
        f"chaffinch_{name}", js=asset(*js), css=asset(*css) or None, html=html or None, isolate_styles=isolated
    )
    if SHARED.get(name) != (js, css):
        return whole
    line = st.components.v2.component(f"chaffinch_{name}_line", js=_line(name), isolate_styles=False)
    return lambda **how: (line if st.session_state.get(_CODE) == _bundle()[0] else whole)(**how)


def told(
    mount: Callable[..., Any], name: str, *, key: str, data: Any, react: Callable[[Any], None] | None = None
) -> Any:
    """Mount a component; what a press told the page under `name`, once, or None.

    It is kept from the moment it arrives until it is taken: the run that brings it may be overtaken on the way here.
    react: called with it at once instead, before anything is drawn; for what a run must not leave half done.
    """
    waiting = f"{key}:{name}:told"

    def keep() -> None:
        said = (st.session_state.get(key) or {}).get(name)
        if said is not None and react is not None:
            react(said)
        elif said is not None:
            st.session_state[waiting] = said

    mount(key=key, data=data, **{f"on_{name}_change": keep})
    return st.session_state.pop(waiting, None)


def forget_told() -> None:
    """Another page is drawn: what was pressed on the one before and never taken is nothing to it."""
    for name in [name for name in st.session_state if str(name).endswith(":told")]:
        del st.session_state[name]


def share_code() -> None:
    """Send the source of all shared components; call it first in every run of a page."""
    version, code = _bundle()
    with st.container(key=_CODE, gap=None):
        _code_mount(code)(key=f"{_CODE}_mount")
    st.session_state[_CODE] = version


@cache
def _code_mount(code: str) -> Callable[..., Any]:
    return st.components.v2.component(_CODE, js=code.ljust(CACHED_FROM), isolate_styles=False)


@cache
def _bundle() -> tuple[str, str]:
    """(version, JavaScript): every shared component where `_line` looks for it, and their CSS in the page."""
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
    code = "\n".join([*parts, "export default () => {}"])
    return hashlib.sha256(code.encode()).hexdigest()[:12], code


def _part(name: str) -> str:
    js, _ = SHARED[name]
    return f"{name}-{hashlib.sha256(asset(*js).encode()).hexdigest()[:12]}"


def _line(name: str) -> str:
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
