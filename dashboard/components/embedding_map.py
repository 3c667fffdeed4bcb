"""The map: every point of a dataset on a plane, repainted in the browser, lassoed, clicked and hovered.

What travels: coordinates, ranks and color codes once per session as bytes; per change a few numbers (under 5 kB).
The browser sums the rank columns itself, so that a dragged weight or threshold repaints without the server
(`live_sliders` with the same `map_key`), and pins the rows where the server decided otherwise.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from dashboard.components import map_binned
from dashboard.components.assets import browser_component, plotly_source
from dashboard.components.display_text import shown
from dashboard.components.images import data_address
from dashboard.components.map_columns import column, mount_missing, send_code, send_once
from dashboard.components.map_values import (
    HoverCard,
    MapColors,
    MapContent,
    MapEvent,
    MapHollow,
    MapLayout,
    MapRanks,
    MapRule,
    event_from_browser,
)
from dashboard.components.map_wire import browser_kept, held_text, make_blob, short_name
from dashboard.components.row_lists import row_list
from dashboard.session.fragments import fragment

REPEAT_SECONDS = 2.0

__all__ = ["HoverCard", "MapColors", "MapEvent", "MapHollow", "MapLayout", "MapRanks", "MapRule", "embedding_map"]


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
    decided: rows that no rule decides (a person's word, duplicates): as `kept` says even while a slider is dragged.
    shown: bool [N], rows that pass the filters; the others are neither drawn nor caught by the lasso.
    selected, flagged: row numbers, drawn on top (ringed); focused: the example in the drawer.
    card: called with a row when the pointer rests on it, in a fragment of its own.
    on_event: called before the rerun's script, for pages that draw the selection above the map.
    description: extra words for screen readers. hollow: points whose place is not to be trusted.
    most: with more rows than these the browser gets a grid of counts, and the points of the view when one zooms in.

    Zoom, lasso tool and selection mode live in the browser and survive every rerun. Call it in a fixed place.
    """
    whole = MapContent(
        layout,
        colors,
        ranks or MapRanks(""),
        rule or MapRule(),
        hollow,
        kept,
        locked,
        decided,
        shown,
        selected,
        flagged,
        focused,
        card,
        on_event,
        description,
    )
    place = short_name("place", layout.key)
    if len(layout.coords) <= most:
        return _draw(key, whole, {"height": height, "place": place})
    part = map_binned.part_of(layout.coords, _view(key, place), min(most, map_binned.VIEW_POINTS))
    cut, large = map_binned.CutOut(part, len(layout.coords)), _large(layout, part)
    grid = {large["grid"]: lambda: _grid_blob(large, layout)}
    return cut.event(_draw(key, cut.content(whole), {"height": height, "place": place, **large}, grid))


def _draw(
    key: str, content: MapContent, more: Mapping[str, Any], columns: Mapping[str, Callable[[], bytes]] | None = None
) -> MapEvent:
    """Mount the map of exactly these rows; more: what else the browser is told; columns: sent once beside theirs."""
    message = {**_message(key, content), **more}
    lists, blobs = _row_lists(key, content)
    with st.container(key=f"{key}_parts", gap=None):
        send_code(key)
        send_once(key, message, content)
        mount_missing(key, columns or {})
        for number, blob in enumerate(blobs):
            column(f"{key}:rows{number}", blob)
        if content.card is not None:
            _hover(key, content.card)
        return _mount(key, {**message, **lists}, content.on_event)


def _message(key: str, content: MapContent) -> dict[str, Any]:
    """What travels with each change: names of the columns, coefficients, words."""
    layout, colors, ranks, rule = content.layout, content.colors, content.ranks, content.rule
    hollow, codes = content.hollow, short_name("codes", colors.key) if colors.kind == "category" else None
    return {
        "key": key,
        "n": len(layout.coords),
        "coords": short_name("coords", layout.key),
        "x": layout.x,
        "y": layout.y,
        "ranks": short_name("ranks", ranks.key) if ranks.columns else None,
        "about": content.description,
        "colors": {"kind": colors.kind, "title": colors.title, "column": colors.column, "codes": codes},
        "rule": _rule(rule),
        "hollow": short_name("hollow", hollow.key) if hollow is not None else None,
        "hollowWords": hollow.words if hollow is not None else "",
        "locked": short_name("locked", ranks.key or layout.key) if content.locked is not None else None,
        "focused": content.focused,
        "card": content.card is not None,
        "plotly": plotly_source()[1:],
    }


def _rule(rule: MapRule) -> dict[str, Any]:
    weights = {m: float(w) for m, w in rule.coefficients.items()}
    guard = {"held": held_text(rule.held), "floor": rule.floor, "cap": rule.cap}
    return {"w": weights, "cut": rule.cut, "drop": rule.drop, **guard}


def _view(key: str, place: str) -> list[float] | None:
    """The part of a large map that the browser looks at, None before it has said so."""
    seen = st.session_state.get(f"{key}:view")
    return seen[1] if seen and seen[0] == place else None


def _large(layout: MapLayout, part: map_binned.MapPart) -> dict[str, Any]:
    """What a map of too many points says beside its part."""
    return {"grid": short_name("grid", layout.key), "extent": part.extent, "label": part.words}


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

    mount = browser_component("map", js=("map/mount.js",))  # small: its text travels with every change
    result = mount(key=key, data=message, on_event_change=told, on_need_change=needs, on_view_change=viewed)
    return event_from_browser(result.get("event"))


def _row_lists(key: str, content: MapContent) -> tuple[dict[str, Any], list[bytes | None]]:
    """The five row lists of a message, and the blobs (or None) behind them."""
    total = len(content.layout.coords)
    pins = _pins(total, content.ranks, content.rule, content.kept, content.locked, content.decided)
    rows = {
        "selected": np.asarray(content.selected, np.int64),
        "flagged": np.asarray(content.flagged, np.int64),
        "pinKept": pins[0],
        "pinDropped": pins[1],
    }
    if content.shown is not None:
        rows["hidden"] = np.flatnonzero(~np.asarray(content.shown, bool))
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
    differ = browser_kept(ranks, rule, total)
    if locked is not None:
        differ |= locked
    differ ^= kept
    differ[np.asarray(decided, np.int64)] = True
    return np.flatnonzero(kept & differ), np.flatnonzero(~kept & differ)


@fragment
def _hover(key: str, card: Callable[[int], HoverCard | None]) -> None:
    """Answers the one question "what is row r?" without running the page again."""
    row, question = (st.session_state.get(f"{key}:hover") or {}).get("ask") or (None, 0)
    # Reruns may overtake one another, so the answer is repeated for a moment; later reruns need not carry it.
    asked, since = st.session_state.get(f"{key}:asked", (0, 0.0))
    now = time.monotonic()
    st.session_state[f"{key}:asked"] = (question, since if asked == question else now)
    fresh = asked != question or now - since < REPEAT_SECONDS
    found = card(int(row)) if fresh and row is not None else None
    answer = (
        None
        if found is None
        else {
            "title": shown(found.title),
            "lines": [[shown(word) for word in line] for line in found.lines],
            "text": found.text[:280],
            "image": None if found.image is None else data_address(found.image),
        }
    )
    browser_component("hover", js=("map/hover.js",))(
        key=f"{key}:hover", data={"key": key, "row": row, "card": answer}, on_ask_change=lambda: None
    )
