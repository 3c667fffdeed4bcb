"""The map: every point of a dataset on a plane, repainted in the browser, lassoed, clicked and hovered.

What travels: coordinates, ranks and color codes once per session as bytes; per change a few numbers (under 5 kB).
The browser sums the rank columns itself, so that a dragged weight or threshold repaints without the server
(`live_sliders` with the same `map_key`), and pins the rows where the server decided otherwise.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import streamlit as st

from dashboard.components import map_binned
from dashboard.components.assets import browser_component, plotly_source
from dashboard.components.map_values import (
    HoverCard,
    MapColors,
    MapEvent,
    MapHollow,
    MapLayout,
    MapRanks,
    MapRule,
    event_from_browser,
)
from dashboard.components.map_wire import browser_kept, make_blob
from dashboard.components.pictures import data_address
from dashboard.components.row_lists import row_list
from dashboard.theme import CLASS_COLORS, NO_CLASS_COLOR

REPEAT_SECONDS = 2.0

__all__ = ["HoverCard", "MapColors", "MapEvent", "MapHollow", "MapLayout", "MapRanks", "MapRule", "embedding_map"]

CODE = (
    "map/store.js",
    "map/raster.js",
    "map/grid.js",
    "map/overlay.js",
    "map/plot.js",
    "map/cut.js",
    "map/keys.js",
    "map/legend.js",
    "map/view.js",
    "map/code.js",
)


def embedding_map(
    *,
    key: str,
    layout: MapLayout,
    colors: MapColors,
    ranks: MapRanks | None = None,
    rule: MapRule | None = None,
    kept: np.ndarray | None = None,
    locked: np.ndarray | None = None,
    decided: np.ndarray | Sequence[int] = (),
    shown: np.ndarray | None = None,
    selected: np.ndarray | Sequence[int] = (),
    flagged: np.ndarray | Sequence[int] = (),
    focused: int | None = None,
    card: Callable[[int], HoverCard | None] | None = None,
    on_event: Callable[[MapEvent], None] | None = None,
    height: int = 560,
    description: str = "",
    hollow: MapHollow | None = None,
    most: int = map_binned.MOST_POINTS,
) -> MapEvent:
    """Draw the map and return what the person just did on it.

    kept: bool [N], the server's decision: authoritative; the browser is sent the rows where `rule` alone would differ.
    locked: bool [N], rows that rules never drop (held out), drawn kept whatever the rule says.
    decided: rows with a person's keep or drop: they stay as `kept` says while a slider is dragged.
    shown: bool [N], rows that pass the filters; the others are neither drawn nor caught by the lasso.
    selected, flagged: row numbers, drawn on top (ringed); focused: the example in the drawer.
    card: called with a row when the pointer rests on it, in a fragment of its own.
    on_event: called before the rerun's script, for pages that draw the selection above the map.
    description: extra words for screen readers. hollow: points whose place is not to be trusted.
    most: with more rows than these the browser gets a grid of counts, and the points of the view when one zooms in.

    Zoom, lasso tool and selection mode live in the browser and survive every rerun. Call it in a fixed place.
    """
    ranks, rule, large = ranks or MapRanks(""), rule or MapRule(), {}
    if len(layout.coords) > most:
        part = map_binned.part_of(layout.coords, _view(key, layout.key), min(most, map_binned.VIEW_POINTS))
        cut, whole, large = map_binned.CutOut(part, len(layout.coords)), layout, _large(layout, part)
        layout, colors, ranks, hollow = cut.layout(layout), cut.colors(colors), cut.ranks(ranks), cut.hollow(hollow)
        kept, locked, shown, decided = cut.mask(kept), cut.mask(locked), cut.mask(shown), cut.places(decided)
        selected, flagged, focused = cut.places(selected), cut.places(flagged), cut.place(focused)
        card, on_event, description = cut.card(card), cut.heard(on_event), f"{part.words}. {description}"
    total = len(layout.coords)
    message: dict[str, Any] = {
        "key": key,
        "place": whole.key if large else layout.key,
        "n": total,
        "coords": f"coords:{layout.key}",
        "x": layout.x,
        "y": layout.y,
        "height": height,
        "ranks": f"ranks:{ranks.key}" if ranks.columns else None,
        "about": description,
        "colors": {
            "kind": colors.kind,
            "title": colors.title,
            "column": colors.column,
            "codes": f"codes:{colors.key}" if colors.kind == "category" else None,
        },
        "rule": {"w": {m: float(w) for m, w in rule.coefficients.items()}, "cut": rule.cut, "drop": rule.drop},
        "hollow": f"hollow:{hollow.key}" if hollow is not None else None,
        "hollowWords": hollow.words if hollow is not None else "",
        **large,
        "locked": f"locked:{ranks.key or layout.key}" if locked is not None else None,
        "focused": focused,
        "card": card is not None,
        "plotly": plotly_source()[1:],
    }
    lists, blobs = _row_lists(key, total, selected, flagged, shown, _pins(total, ranks, rule, kept, locked, decided))
    with st.container(gap=None):
        browser_component("code", js=CODE, css=("map/map.css",))(key=f"{key}:code")
        _send_once(key, message, layout, ranks, colors, locked, hollow)
        if large:
            _mount_missing(key, {large["grid"]: lambda: _grid_blob(large, whole)})
        for number, blob in enumerate(blobs):
            _column(f"{key}:rows{number}", blob)
        if card is not None:
            _hover(key, card)
        event = _mount(key, {**message, **lists}, on_event)
        return cut.event(event) if large else event


def _view(key: str, place: str) -> list[float] | None:
    """The part of a large map that the browser looks at, None before it has said so."""
    seen = st.session_state.get(f"{key}:view")
    return seen[1] if seen and seen[0] == place else None


def _large(layout: MapLayout, part: map_binned.MapPart) -> dict[str, Any]:
    """What a map of too many points says beside its part."""
    return {"grid": f"grid:{layout.key}", "extent": part.extent, "label": part.words}


def _grid_blob(large: dict[str, Any], layout: MapLayout) -> bytes:
    grid = map_binned.density_grid(layout.coords, large["extent"])
    return make_blob(large["grid"], {"type": "grid", "bins": map_binned.BINS}, [("counts", grid.ravel())])


def _mount(key: str, message: dict[str, Any], on_event: Callable[[MapEvent], None] | None) -> MapEvent:
    def told() -> None:
        event = event_from_browser((st.session_state.get(key) or {}).get("event"))
        if on_event is not None and event.kind != "none":
            on_event(event)

    def needs() -> None:
        wanted = (st.session_state.get(key) or {}).get("need") or []
        sent = st.session_state.setdefault(f"{key}:sent", {})
        for name in wanted:
            sent.pop(name, None)

    def viewed() -> None:
        view = (st.session_state.get(key) or {}).get("view")
        if isinstance(view, list) and len(view) == 4:
            st.session_state[f"{key}:view"] = (message["place"], [float(v) for v in view])

    mount = browser_component("map", js=("map/mount.js",))
    result = mount(key=key, data=message, on_event_change=told, on_need_change=needs, on_view_change=viewed)
    return event_from_browser(result.get("event"))


def _row_lists(
    key: str, total: int, selected: Any, flagged: Any, shown: np.ndarray | None, pins: tuple[np.ndarray, np.ndarray]
) -> tuple[dict[str, Any], list[bytes | None]]:
    """The five row lists of a message, and the blobs (or None) behind them."""
    rows = {
        "selected": np.asarray(selected, np.int64),
        "flagged": np.asarray(flagged, np.int64),
        "pinKept": pins[0],
        "pinDropped": pins[1],
    }
    if shown is not None:
        rows["hidden"] = np.flatnonzero(~np.asarray(shown, bool))
    bases = st.session_state.setdefault(f"{key}:bases:{total}", {})
    packed = {name: row_list(name, value, total, bases) for name, value in rows.items()}
    return {name: how for name, (how, _) in packed.items()}, [blob for _, blob in packed.values()]


def _pins(
    total: int,
    ranks: MapRanks,
    rule: MapRule,
    kept: np.ndarray | None,
    locked: np.ndarray | None,
    decided: np.ndarray | Sequence[int] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Rows that the server keeps and the browser alone would drop, and the reverse; with the decided rows."""
    none = np.array([], np.int64)
    if kept is None:
        return none, none
    differ = browser_kept(ranks.columns, rule.coefficients, rule.cut, rule.drop, total)
    if locked is not None:
        differ |= locked
    differ ^= kept
    differ[np.asarray(decided, np.int64)] = True
    return np.flatnonzero(kept & differ), np.flatnonzero(~kept & differ)


def _column(key: str, blob: bytes | None) -> None:
    if blob is not None:
        browser_component("column", js=("map/column.js",))(key=key, data=blob)


def _send_once(
    key: str,
    message: dict[str, Any],
    layout: MapLayout,
    ranks: MapRanks,
    colors: MapColors,
    locked: np.ndarray | None,
    hollow: MapHollow | None,
) -> None:
    """Mount the large columns in the first run that names them, and again only when the browser asks for them."""
    makers: dict[str, Callable[[], bytes]] = {
        message["coords"]: lambda: make_blob(
            message["coords"],
            {"type": "coords"},
            [("x", layout.coords[:, 0].astype("<f4")), ("y", layout.coords[:, 1].astype("<f4"))],
        )
    }
    if ranks.columns:
        makers[message["ranks"]] = lambda: make_blob(
            message["ranks"],
            {"type": "ranks", "holes": [m for m, c in ranks.columns.items() if not c.all()]},
            list(ranks.columns.items()),
        )
    if colors.codes is not None:
        makers[message["colors"]["codes"]] = lambda: _codes_blob(message["colors"]["codes"], colors)
    if locked is not None:
        makers[message["locked"]] = lambda: make_blob(
            message["locked"], {"type": "locked"}, [("locked", np.asarray(locked).astype(np.uint8))]
        )
    if hollow is not None:
        makers[message["hollow"]] = lambda: make_blob(
            message["hollow"], {"type": "hollow"}, [("hollow", np.asarray(hollow.rows).astype(np.uint8))]
        )
    _mount_missing(key, makers)


def _mount_missing(key: str, makers: dict[str, Callable[[], bytes]]) -> None:
    sent = st.session_state.setdefault(f"{key}:sent", {"plotly": True})
    if "plotly" not in sent:  # the browser keeps plotly.js in its own cache and asks only when it is not there
        source, version, _ = plotly_source()
        makers["plotly"] = lambda: make_blob(
            "plotly", {"type": "plotly", "version": version}, [("source", np.frombuffer(source, np.uint8))]
        )
    for name, make in makers.items():
        if name not in sent:
            _column(f"{key}:{name}", make())
            sent[name] = True


def _codes_blob(name: str, colors: MapColors) -> bytes:
    palette = colors.palette or CLASS_COLORS
    header = {
        "type": "codes",
        "names": colors.names,
        "none": NO_CLASS_COLOR,
        "palette": [palette[i % len(palette)] for i in range(max(len(colors.names), 1))],
    }
    return make_blob(name, header, [("codes", np.asarray(colors.codes, "<u2"))])


@st.fragment
def _hover(key: str, card: Callable[[int], HoverCard | None]) -> None:
    """Answers the one question "what is row r?" without running the page again."""
    row, question = (st.session_state.get(f"{key}:hover") or {}).get("ask") or (None, 0)
    # Reruns may overtake one another, so the answer is repeated for a moment; later reruns need not carry it.
    asked, since = st.session_state.get(f"{key}:asked", (0, 0.0))
    now = time.monotonic()
    st.session_state[f"{key}:asked"] = (question, since if asked == question else now)
    fresh = asked != question or now - since < REPEAT_SECONDS
    found = card(int(row)) if fresh and row is not None else None
    shown = (
        None
        if found is None
        else {
            "title": found.title,
            "lines": found.lines,
            "text": found.text[:280],
            "image": None if found.image is None else data_address(found.image),
        }
    )
    browser_component("hover", js=("map/hover.js",))(
        key=f"{key}:hover", data={"key": key, "row": row, "card": shown}, on_ask_change=lambda: None
    )
