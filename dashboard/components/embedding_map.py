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
from dashboard.components.assets import plotly_source
from dashboard.components.browser import browser_component
from dashboard.components.display_text import shown
from dashboard.components.images import data_url
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
from dashboard.components.slot import Slot

REPEAT_SECONDS = 2.0  # reruns that overtake each other end within it; after that a card need not be sent again

__all__ = [
    "HoverCard",
    "MapColors",
    "MapContent",
    "MapEvent",
    "MapHollow",
    "MapLayout",
    "MapRanks",
    "MapRule",
    "embedding_map",
]


def embedding_map(
    content: MapContent,
    *,
    slot: Slot,
    height: int = 560,
    most: int = map_binned.MOST_POINTS,
    fragment: Callable[..., Any] = st.fragment,
) -> MapEvent:
    """Draw the map and return what the person just did on it.

    most: with more rows than these the browser gets a grid of counts, and the points of the view when one zooms in.
    fragment: what makes the hover card a part of the page that runs alone.

    Zoom, lasso tool and selection mode live in the browser and survive every rerun. Call it in a fixed place.
    """
    coords, place = content.layout.coords, short_name("place", content.layout.key)
    if len(coords) <= most:
        return _draw(slot, content, {"height": height, "place": place}, fragment)
    part = map_binned.part_of(coords, _view(slot, place), min(most, map_binned.VIEW_POINTS))
    subset, large = map_binned.Subset(part, len(coords)), _large(content.layout, part)
    grid = {large["grid"]: lambda: _grid_blob(large, content.layout)}
    settings = {"height": height, "place": place, **large}
    return subset.event(_draw(slot, subset.content(content), settings, fragment, grid))


def _draw(
    slot: Slot,
    content: MapContent,
    settings: Mapping[str, Any],
    fragment: Callable[..., Any],
    columns: Mapping[str, Callable[[], bytes]] | None = None,
) -> MapEvent:
    """Mount the map of exactly these rows; settings: more for the browser; columns: blobs sent once beside its own."""
    message = {**_message(slot.key, content), **settings}
    lists, blobs = _row_lists(slot, content)
    with st.container(key=f"{slot.key}_parts", gap=None):
        send_code(slot.key)
        send_once(slot, message, content)
        mount_missing(slot, columns or {})
        for number, blob in enumerate(blobs):
            column(f"{slot.key}:rows{number}", blob)
        if content.card is not None:
            fragment(_hover)(slot.part("hover"), slot.key, content.card)
        return _mount(slot, {**message, **lists}, content.on_event)


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


def _view(slot: Slot, place: str) -> list[float] | None:
    """The part of a large map that the browser looks at, None before it has said so."""
    seen = slot.recall("view")
    return seen[1] if seen and seen[0] == place else None


def _large(layout: MapLayout, part: map_binned.MapPart) -> dict[str, Any]:
    """What a map of too many points says beside its part."""
    return {"grid": short_name("grid", layout.key), "extent": part.extent, "label": part.words}


def _grid_blob(large: dict[str, Any], layout: MapLayout) -> bytes:
    grid = map_binned.density_grid(layout.coords, large["extent"])
    return make_blob(large["grid"], {"type": "grid", "bins": map_binned.BINS}, [("counts", grid.ravel())])


def _mount(slot: Slot, message: dict[str, Any], on_event: Callable[[MapEvent], None] | None) -> MapEvent:
    def receive_event() -> None:
        event = event_from_browser(slot.reported("event"))
        if on_event is not None and event.kind != "none":
            on_event(event)

    def resend() -> None:
        sent = slot.table("sent")
        for name in slot.reported("need") or []:
            sent.pop(name, None)

    def keep_view() -> None:
        view = slot.reported("view")
        if isinstance(view, list) and len(view) == 4:
            slot.remember("view", (message["place"], [float(v) for v in view]))

    mount = browser_component("map", js=("map/mount.js",))  # small: its text travels with every change
    result = mount(
        key=slot.key, data=message, on_event_change=receive_event, on_need_change=resend, on_view_change=keep_view
    )
    return event_from_browser(result.get("event"))


def _row_lists(slot: Slot, content: MapContent) -> tuple[dict[str, Any], list[bytes | None]]:
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
    bases = slot.table(f"bases:{total}")
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


def _hover(slot: Slot, map_key: str, card: Callable[[int], HoverCard | None]) -> None:
    """Answers the one question "what is row r?" without running the page again."""
    row, question = slot.reported("ask") or (None, 0)
    # Reruns may overtake one another, so the answer is repeated for a moment; later reruns need not carry it.
    last, since = slot.recall("asked", (0, 0.0))
    now = time.monotonic()
    slot.remember("asked", (question, since if last == question else now))
    fresh = last != question or now - since < REPEAT_SECONDS
    drawn = card(int(row)) if fresh and row is not None else None
    browser_component("hover", js=("map/hover.js",))(
        key=slot.key,
        data={"key": map_key, "row": row, "card": None if drawn is None else _card_message(drawn)},
        on_ask_change=lambda: None,
    )


def _card_message(card: HoverCard) -> dict[str, Any]:
    return {
        "title": shown(card.title),
        "lines": [[shown(word) for word in line] for line in card.lines],
        "text": card.text[:280],
        "image": None if card.image is None else data_url(card.image),
    }
