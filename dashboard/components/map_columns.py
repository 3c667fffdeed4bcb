"""What a map sends once: its code, coordinates, ranks, color codes, plotly.js; again only when the browser asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dashboard.components.assets import plotly_source
from dashboard.components.browser import browser_component
from dashboard.components.display_text import shown
from dashboard.components.map_values import MapColors, MapContent, MapLayout
from dashboard.components.map_wire import make_blob
from dashboard.components.slot import Slot
from dashboard.components.theme import CLASS_COLORS, NO_CLASS_COLOR

_PARTS = ("store", "rows", "colors", "raster", "grid", "overlay", "plot", "share", "cut", "frame")
_HANDLING = ("card", "pointer", "keys", "legend", "toolbar", "view", "code")
CODE = ("element.js", *(f"map/{name}.js" for name in (*_PARTS, *_HANDLING)))  # code.js, which starts it, is the last


CLASSES = "*classes"  # how share.js calls the codes among the ranks


def send_code(key: str) -> None:
    """The module that draws maps; a page that will draw one later may have it already."""
    browser_component("code", js=CODE, css=("map/map.css",))(key=f"{key}:code")


def column(key: str, blob: bytes | None) -> None:
    """One message of bytes for the map; nothing where there is none."""
    if blob is not None:
        browser_component("column", js=("map/column.js",))(key=key, data=blob)


def send_once(slot: Slot, names: Mapping[str, Any], content: MapContent) -> None:
    """Mount the large columns in the first run that names them, and again only when the browser asks for them."""
    layout, ranks, colors = content.layout, content.ranks, content.colors
    makers = {names["coords"]: lambda: _coords_blob(names["coords"], layout)}
    if ranks.columns:
        holes = [m for m, c in ranks.columns.items() if not c.all()]
        header = {"type": "ranks", "holes": holes}
        classes = [] if ranks.classes is None else [(CLASSES, ranks.classes)]
        makers[names["ranks"]] = lambda: make_blob(names["ranks"], header, [*ranks.columns.items(), *classes])
    if colors.codes is not None:
        makers[names["colors"]["codes"]] = lambda: _codes_blob(names["colors"]["codes"], colors)
    if content.locked is not None:
        makers[names["locked"]] = lambda: _mask_blob(names["locked"], "locked", content.locked)
    if (hollow := content.hollow) is not None:
        makers[names["hollow"]] = lambda: _mask_blob(names["hollow"], "hollow", hollow.rows)
    mount_missing(slot, makers)


def mount_missing(slot: Slot, makers: Mapping[str, Callable[[], bytes]]) -> None:
    """Mount the columns that this browser was not sent yet; makers: name -> its bytes."""
    sent = slot.table("sent", plotly=True)
    if "plotly" not in sent:  # the browser keeps plotly.js in its own cache and asks only when it is not there
        makers = {**makers, "plotly": _plotly_blob}
    for name, make in makers.items():
        if name not in sent:
            column(f"{slot.key}:{name}", make())
            sent[name] = True


def _coords_blob(name: str, layout: MapLayout) -> bytes:
    x, y = (layout.coords[:, axis].astype("<f4") for axis in (0, 1))
    return make_blob(name, {"type": "coords"}, [("x", x), ("y", y)])


def _mask_blob(name: str, kind: str, mask: Any) -> bytes:
    return make_blob(name, {"type": kind}, [(kind, np.asarray(mask).astype(np.uint8))])


def _plotly_blob() -> bytes:
    source, version, _ = plotly_source()
    return make_blob("plotly", {"type": "plotly", "version": version}, [("source", np.frombuffer(source, np.uint8))])


def send_plotly(key: str) -> None:
    """plotly.js for a browser that asked for it."""
    column(f"{key}:plotly", _plotly_blob())


def _codes_blob(name: str, colors: MapColors) -> bytes:
    palette = colors.palette or CLASS_COLORS
    header = {
        "type": "codes",
        "names": [shown(name) for name in colors.names],
        "none": NO_CLASS_COLOR,
        "palette": [palette[i % len(palette)] for i in range(max(len(colors.names), 1))],
    }
    return make_blob(name, header, [("codes", np.asarray(colors.codes, "<u2"))])
