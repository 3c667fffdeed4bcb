"""The values a map is drawn from and the event it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from core.types.curation import Side

NO_CODE = 65535  # the largest uint16; the browser reads it as "no category"
Mode = Literal["replace", "add", "subtract"]
MODES: dict[str, Mode] = {"add": "add", "subtract": "subtract"}


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
    classes: uint16 [N] class + 1 (0 = none) that floors and caps of a rule are about, None where there are none.
    """

    key: str
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    classes: np.ndarray | None = None


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
    def by_category(
        key: str, title: str, codes: np.ndarray, names: Sequence[str], palette: Sequence[str] | None = None
    ) -> MapColors:
        """Color by class, prediction, cluster or zone. codes: integers [N], negative = none; key changes with them."""
        codes = np.asarray(codes)
        clean = np.where(codes < 0, NO_CODE, codes).astype(np.uint16)
        return MapColors("category", title, key, clean, tuple(names), tuple(palette) if palette else None)

    @staticmethod
    def by_score(column: str, title: str) -> MapColors:
        """Color by the rank of one column of `MapRanks`, on a sequential scale (dark = low percentile)."""
        return MapColors("score", title, f"score:{column}", column=column)

    @staticmethod
    def by_decision() -> MapColors:
        """Kept against dropped (dropped points are also drawn as crosses where points stand apart)."""
        return MapColors("decision", "Decision", "decision", names=("kept", "dropped"))


@dataclass(frozen=True, eq=False)
class MapHollow:
    """Points drawn hollow. key: changes with rows; rows: bool [N]; words: what it means, for the legend."""

    key: str
    rows: np.ndarray
    words: str


@dataclass(frozen=True, eq=False)
class MapRule:
    """The cut as the browser can compute it: sum over columns of coefficient x (rank share - 0.5) against `cut`.

    coefficients: column -> signed weight (see `actions.rules.coefficients` for groups and weights).
    cut: rows beyond it on the `drop` side are dropped; None = nothing is dropped by score.
    held: float32 [C], the sum beyond which rows of a class go where floor or cap hold the class back, NaN elsewhere.
    floor, cap: rows that a class keeps at least, largest share of it that goes: what a dragged slider is held to.
    """

    coefficients: Mapping[str, float] = field(default_factory=dict)
    cut: float | None = None
    drop: Side = Side.ABOVE
    held: np.ndarray | None = None
    floor: int = 0
    cap: float | None = None


@dataclass(frozen=True)
class HoverCard:
    """What the card beside the pointer shows of one example; all text is drawn as text.

    image: encoded PNG or JPEG bytes, or a "data:image/..." address, None for none. text: the example's text.
    lines: (name, value) pairs such as ("label", "seven"), ("prediction", "one · 0.93").
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
    mode: Mode = "replace"
    row: int | None = None


def event_from_browser(sent: Mapping[str, Any] | None) -> MapEvent:
    """What the browser reported as a value; anything malformed counts as nothing."""
    if not isinstance(sent, Mapping) or sent.get("kind") not in ("lasso", "click", "clear"):
        return MapEvent()
    mode = MODES.get(str(sent.get("mode")), "replace")
    if sent["kind"] == "lasso":
        polygon = np.asarray(sent.get("polygon") or [], dtype=np.float64).reshape(-1, 2)
        return MapEvent("lasso", polygon, mode)
    return MapEvent(sent["kind"], None, mode, int(sent["row"]) if sent.get("row") is not None else None)


@dataclass(frozen=True, eq=False)
class MapContent:
    """Everything that a map draws and answers, in rows of its layout.

    kept: bool [N], the server's decision: authoritative; the browser is sent the rows where `rule` alone would differ.
    locked: bool [N], rows that rules never drop (held out), drawn kept whatever the rule says.
    decided: rows that no rule decides (manual decisions, duplicates): as `kept` says even while a slider is dragged.
    shown: bool [N], rows that pass the filters; the others are neither drawn nor caught by the lasso.
    selected, flagged: row numbers, drawn on top (ringed); focused: the example in the drawer.
    hollow: points whose place is not to be trusted. description: extra words for screen readers.
    card: called with a row when the pointer rests on it, in a fragment of its own.
    on_event: called before the rerun's script, for pages that draw the selection above the map.
    """

    layout: MapLayout
    colors: MapColors
    ranks: MapRanks = field(default_factory=lambda: MapRanks(""))
    rule: MapRule = field(default_factory=MapRule)
    hollow: MapHollow | None = None
    kept: np.ndarray | None = None
    locked: np.ndarray | None = None
    decided: np.ndarray | Sequence[int] = ()
    shown: np.ndarray | None = None
    selected: np.ndarray | Sequence[int] = ()
    flagged: np.ndarray | Sequence[int] = ()
    focused: int | None = None
    card: Callable[[int], HoverCard | None] | None = None
    on_event: Callable[[MapEvent], None] | None = None
    description: str = ""
