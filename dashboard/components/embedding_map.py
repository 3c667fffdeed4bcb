"""The map: every point of a dataset on a plane, repainted in the browser, lassoed, clicked and hovered.

What travels: coordinates, ranks and color codes once per session as bytes; per change a few numbers (under 5 kB).
The browser sums the rank columns itself, so that a dragged weight or threshold repaints without the server
(`live_sliders` with the same `map_key`), and pins the rows where the server decided otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np


@dataclass(frozen=True, eq=False)
class MapLayout:
    """Where the points are. key: changes whenever coords change (for example "<run id>/umap").

    coords: float32 [N, 2]. Non-finite rows are not drawn. x, y: axis titles.
    """

    key: str
    coords: np.ndarray
    x: str = ""
    y: str = ""


@dataclass(frozen=True, eq=False)
class MapRanks:
    """Scores as ranks. key: changes whenever a column changes (for example the run id and its score names).

    columns: score name -> uint16 [N] made by `map_wire.encode_ranks` (0 = not computed); keep them cached by run.
    """

    key: str
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class MapColors:
    """What color says. Build with `by_category`, `by_score` or `by_decision`.

    codes: uint16 [N] index into names (and palette); 65535 = none, drawn grey.
    palette: hex colors, None for the color-blind-safe default; more names than colors repeat them.
    """

    kind: Literal["category", "score", "decision"]
    title: str = ""
    key: str = ""
    codes: np.ndarray | None = None
    names: tuple[str, ...] = ()
    palette: tuple[str, ...] | None = None
    column: str = ""

    @staticmethod
    def by_category(key: str, title: str, codes: np.ndarray, names: Sequence[str],
                    palette: Sequence[str] | None = None) -> MapColors:
        """Color by class, prediction, cluster or zone. codes: integers [N], negative = none. key: changes with codes."""

    @staticmethod
    def by_score(column: str, title: str) -> MapColors:
        """Color by the rank of one column of `MapRanks`, on a sequential scale (dark = low percentile)."""

    @staticmethod
    def by_decision() -> MapColors:
        """Kept against dropped (dropped points are also drawn as crosses where points stand apart)."""


@dataclass(frozen=True)
class MapRule:
    """The cut as the browser can compute it: sum over columns of coefficient x (rank share - 0.5) against `cut`.

    coefficients: column -> signed weight (see `map_wire.coefficients` for groups and weights).
    cut: rows beyond it on the `drop` side are dropped; None = nothing is dropped by score.
    """

    coefficients: Mapping[str, float] = field(default_factory=dict)
    cut: float | None = None
    drop: Literal["above", "below"] = "above"


@dataclass(frozen=True)
class HoverCard:
    """What the card beside the pointer shows of one example; all text is drawn as text.

    image: encoded PNG or JPEG bytes, or a "data:image/..." address, None for none. text: the example's text.
    lines: (name, value) pairs such as ("label", "seven"), ("prediction", "one · 0.93"), ("EL2N", "1.21 · 98th percentile").
    """

    title: str
    lines: tuple[tuple[str, str], ...] = ()
    text: str = ""
    image: bytes | str | None = None


@dataclass(frozen=True, eq=False)
class MapEvent:
    """What the person just did; each event is returned once.

    kind: none | lasso | click | clear. polygon: float64 [M, 2] in the layout's coordinates (a box has four corners).
    mode: how it joins the selection, from the buttons or from Shift (add) and Alt (subtract). row: the clicked row.
    Test a polygon on your own arrays with `polygon.rows_in_polygon(coords, event.polygon)`.
    """

    kind: Literal["none", "lasso", "click", "clear"] = "none"
    polygon: np.ndarray | None = None
    mode: Literal["replace", "add", "subtract"] = "replace"
    row: int | None = None


def embedding_map(*, key: str, layout: MapLayout, colors: MapColors, ranks: MapRanks | None = None,
                  rule: MapRule | None = None, kept: np.ndarray | None = None, locked: np.ndarray | None = None,
                  shown: np.ndarray | None = None, selected: np.ndarray | Sequence[int] = (),
                  flagged: np.ndarray | Sequence[int] = (), focused: int | None = None,
                  card: Callable[[int], HoverCard | None] | None = None,
                  on_event: Callable[[MapEvent], None] | None = None, height: int = 560,
                  description: str = "") -> MapEvent:
    """Draw the map and return what the person just did on it.

    kept: bool [N], the server's decision: authoritative; the browser is sent the rows where `rule` alone would differ.
    locked: bool [N], rows that rules never drop (held out), drawn kept whatever the rule says.
    shown: bool [N], rows that pass the filters; the others are neither drawn nor caught by the lasso.
    selected, flagged: row numbers, drawn on top (ringed); focused: the example in the drawer.
    card: called with a row when the pointer rests on it, in a fragment of its own.
    on_event: called before the rerun's script, for pages that draw the selection above the map.
    description: extra words for screen readers.

    Zoom, lasso tool and selection mode live in the browser and survive every rerun. Call it in a fixed place.
    """
