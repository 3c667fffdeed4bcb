"""A map of more points than a browser should hold: a grid of counts, and the points themselves where one zooms in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dashboard.components.map_values import HoverCard, MapColors, MapContent, MapEvent, MapHollow, MapLayout, MapRanks

MOST_POINTS = 2_000_000  # all of them are drawn up to here
VIEW_POINTS = 300_000  # above that, so many are loaded at most when one zooms in
BINS = 1024  # a side of the grid: about a pixel each on the widest map


@dataclass(frozen=True, eq=False)
class MapPart:
    """What of a large map is drawn: rows int64 [n] ascending, none of them when only the grid is; words say so."""

    rows: np.ndarray
    extent: tuple[float, float, float, float]  # x from, x to, y from, y to of all points
    words: str


def extent_of(coords: np.ndarray) -> tuple[float, float, float, float]:
    """x from, x to, y from, y to of the rows that have a place."""
    sound = coords[np.isfinite(coords).all(axis=1)]
    if not len(sound):
        return 0.0, 1.0, 0.0, 1.0
    (x0, y0), (x1, y1) = sound.min(axis=0), sound.max(axis=0)
    return float(x0), float(x1), float(y0), float(y1)


def density_grid(coords: np.ndarray, extent: Sequence[float], bins: int = BINS) -> np.ndarray:
    """uint32 [bins, bins] points per cell, the top row the largest y; rows without a place are in none."""
    x0, x1, y0, y1 = extent
    sound = coords[np.isfinite(coords).all(axis=1)]
    column = np.clip((sound[:, 0] - x0) / ((x1 - x0) or 1.0) * bins, 0, bins - 1).astype(np.int64)
    row = np.clip((y1 - sound[:, 1]) / ((y1 - y0) or 1.0) * bins, 0, bins - 1).astype(np.int64)
    return np.bincount(row * bins + column, minlength=bins * bins).reshape(bins, bins).astype(np.uint32)


def part_of(coords: np.ndarray, view: Sequence[float] | None, most: int = VIEW_POINTS) -> MapPart:
    """The rows inside the view, or only the grid while there are more of them than `most`."""
    extent, total, rows = extent_of(coords), len(coords), np.empty(0, np.int64)
    if view is not None:
        x, y = coords[:, 0], coords[:, 1]
        inside = np.flatnonzero((x >= view[0]) & (x <= view[1]) & (y >= view[2]) & (y <= view[3]))
        rows = inside if len(inside) <= most else rows
    if len(rows):
        return MapPart(rows, extent, f"{len(rows):,} of {total:,} points: all that lie in this view")
    return MapPart(rows, extent, f"Density of {total:,} points: zoom in to see each of them")


class Subset:
    """Some rows of a large map: its content in their numbering, and its events in the numbering of all rows."""

    def __init__(self, part: MapPart, total: int):
        self.rows, self.total, self.words = part.rows, total, part.words
        self.name = hashlib.blake2b(part.rows.tobytes(), digest_size=6).hexdigest()

    def content(self, whole: MapContent) -> MapContent:
        """What the map of these rows draws."""
        return MapContent(
            self.layout(whole.layout),
            self.colors(whole.colors),
            self.ranks(whole.ranks),
            replace(whole.rule, floor=0, cap=None),  # what a class keeps in all cannot be told from these rows
            self.hollow(whole.hollow),
            self.mask(whole.kept),
            self.mask(whole.locked),
            self.places(whole.decided),
            self.mask(whole.shown),
            self.places(whole.selected),
            self.places(whole.flagged),
            self.place(whole.focused),
            self.card(whole.card),
            self.translate_events(whole.on_event),
            f"{self.words}. {whole.description}",
        )

    def layout(self, layout: MapLayout) -> MapLayout:
        """The places of these rows, under a key of their own."""
        return replace(layout, key=f"{layout.key}/{self.name}", coords=layout.coords[self.rows])

    def colors(self, colors: MapColors) -> MapColors:
        """The colors of these rows, under a key of their own."""
        if colors.codes is None:
            return colors
        return replace(colors, key=f"{colors.key}/{self.name}", codes=colors.codes[self.rows])

    def ranks(self, ranks: MapRanks) -> MapRanks:
        """Their ranks, which stay ranks among all rows."""
        columns = {name: column[self.rows] for name, column in ranks.columns.items()}
        return MapRanks(f"{ranks.key}/{self.name}", columns, self.mask(ranks.classes))

    def hollow(self, hollow: MapHollow | None) -> MapHollow | None:
        """Which of these rows are drawn hollow."""
        return hollow and MapHollow(f"{hollow.key}/{self.name}", hollow.rows[self.rows], hollow.words)

    def mask(self, mask: np.ndarray | None) -> np.ndarray | None:
        """bool [n] of these rows, from bool [N] of all."""
        return None if mask is None else mask[self.rows]

    def places(self, rows: np.ndarray | Sequence[int]) -> np.ndarray:
        """Positions of row numbers among these rows; rows that are not drawn are left out."""
        listed = np.zeros(self.total, bool)
        listed[np.asarray(rows, np.int64)] = True
        return np.flatnonzero(listed[self.rows])

    def place(self, row: int | None) -> int | None:
        """The position of one row, None where it is not drawn."""
        positions = self.places([] if row is None else [row])
        return int(positions[0]) if len(positions) else None

    def card(self, card: Callable[[int], HoverCard | None] | None) -> Callable[[int], HoverCard | None] | None:
        """`card`, asked with positions of these rows."""
        return card and (lambda place: card(int(self.rows[place])) if place < len(self.rows) else None)

    def event(self, event: MapEvent) -> MapEvent:
        """The event in row numbers of the whole map."""
        if event.row is None or event.row >= len(self.rows):
            return event
        return replace(event, row=int(self.rows[event.row]))

    def translate_events(self, on_event: Callable[[MapEvent], None] | None) -> Callable[[MapEvent], Any] | None:
        """`on_event`, called with events in row numbers of the whole map."""
        return on_event and (lambda event: on_event(self.event(event)))
