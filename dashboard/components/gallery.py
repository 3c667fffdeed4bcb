"""Many examples at a glance: dense thumbnails, text tiles or table tiles, chosen by mouse or keyboard."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from dashboard.components.browser import mount_and_listen, shared_component
from dashboard.components.display_text import shown
from dashboard.components.images import data_url
from dashboard.components.slot import Slot

_CELL = 200  # letters of a cell on a tile


@dataclass(frozen=True)
class Tile:
    """One example. Exactly one of image, text, cells or problem is drawn; all words are drawn as text.

    image: uint8 array [H, W] or [H, W, C] (encoded here as PNG), or encoded bytes. cells: (column, value) pairs.
    problem: why there is nothing to show; the tile is grey with the name. label: as it leaves; given: the label that a
    person replaced by it, else empty; suggested: only where it differs. note: a small line below, such as the score
    that sorts the page.
    """

    row: int
    name: str
    label: str = ""
    label_color: str | None = None
    given: str = ""
    suggested: str = ""
    image: np.ndarray | bytes | None = None
    text: str = ""
    cells: tuple[tuple[str, str], ...] = ()
    problem: str = ""
    kept: bool = True
    note: str = ""
    locked: bool = False


@dataclass(frozen=True)
class GalleryEvent:
    """kind: none | focus (open this row) | select (these rows are now chosen) | key (k, d, r, u, n or ?)."""

    kind: str = "none"
    row: int | None = None
    rows: tuple[int, ...] = ()
    pressed: str = ""


def gallery(
    tiles: Sequence[Tile],
    *,
    slot: Slot,
    selected: Sequence[int] = (),
    focused: int | None = None,
    size: int = 96,
    height: int | None = 360,
    empty: str = "No example passes the filters.",
    on_event: Callable[[GalleryEvent], None],
) -> None:
    """Draw the tiles, `size` pixels wide for images (text and table tiles are wider); `on_event` is called at once.

    Arrows move, Space chooses, Shift + arrow or click extends, Enter or click opens, k/d/r/u/n/? are passed on.
    """
    message = {
        "tiles": [plain_tile(tile, size) for tile in tiles],
        "kind": _kind(tiles),
        "size": size,
        "height": height,
        "selected": [int(r) for r in selected],
        "focused": None if focused is None else int(focused),
        "empty": empty,
    }
    mount = shared_component("gallery")
    mount_and_listen(mount, "event", slot=slot, data=message, on_event=lambda sent: on_event(event_from_browser(sent)))


def _kind(tiles: Sequence[Tile]) -> str:
    return "words" if any(t.text or t.cells for t in tiles) else "images"


def plain_tile(tile: Tile, size: int) -> dict[str, Any]:
    """The tile as JSON values. Thumbnails are at most twice their drawn size."""
    image = None if tile.image is None else data_url(tile.image, 2 * size)
    plain = {f.name: getattr(tile, f.name) for f in fields(tile) if f.name != "image"}
    words = {name: shown(plain[name]) for name in ("name", "label", "given", "suggested", "problem", "note")}
    cells = [tuple(word[:_CELL] for word in cell) for cell in tile.cells[:6]]
    return {**plain, **words, "row": int(tile.row), "image": image, "text": tile.text[:400], "cells": cells}


def event_from_browser(sent: Mapping[str, Any] | None) -> GalleryEvent:
    if not isinstance(sent, Mapping) or sent.get("kind") not in ("focus", "select", "key"):
        return GalleryEvent()
    rows = tuple(int(r) for r in sent.get("rows") or ())
    return GalleryEvent(sent["kind"], int(sent["row"]), rows, str(sent.get("pressed") or ""))
