"""Many examples at a glance: dense thumbnails, text tiles or table tiles, chosen by mouse or keyboard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Tile:
    """One example. Exactly one of image, text, cells or problem is drawn; all words are drawn as text.

    image: uint8 array [H, W] or [H, W, C] (encoded here as PNG), or encoded bytes. cells: (column, value) pairs.
    problem: why there is nothing to show; the tile is grey with the name. label: given label; suggested: only where it
    differs. note: a small line below, such as the score that sorts the page.
    """

    row: int
    name: str
    label: str = ""
    label_color: str | None = None
    suggested: str = ""
    image: object | None = None
    text: str = ""
    cells: tuple[tuple[str, str], ...] = ()
    problem: str = ""
    kept: bool = True
    note: str = ""
    locked: bool = False


@dataclass(frozen=True)
class GalleryEvent:
    """kind: none | focus (open this row) | select (these rows are now chosen) | key (k, d, r, u, n, ? pressed on row)."""

    kind: str = "none"
    row: int | None = None
    rows: tuple[int, ...] = ()
    pressed: str = ""


def gallery(tiles: Sequence[Tile], *, key: str, selected: Sequence[int] = (), focused: int | None = None,
            size: int = 96, height: int | None = 360, empty: str = "No example passes the filters.") -> GalleryEvent:
    """Draw the tiles, `size` pixels wide for images (text and table tiles are wider).

    Arrows move, Space chooses, Shift + arrow or click extends, Enter or click opens, k/d/r/u/n/? are passed on.
    """
