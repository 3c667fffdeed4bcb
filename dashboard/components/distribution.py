"""How one score is distributed: histogram or cumulative share, per class, with the cut drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.types.figures import digits
from dashboard.components.nodes import node, show_nodes
from dashboard.components.table import table
from dashboard.components.theme import DROPPED_COLOR, KEPT_COLOR, class_colors, muted_color, plotly_layout, text_color


@dataclass(frozen=True, eq=False)
class Distribution:
    """counts: int [C, B] (or [1, B]) from the run's index; edges: float [B + 1]; names: C class names."""

    title: str
    counts: np.ndarray
    edges: np.ndarray
    names: tuple[str, ...] = ("all",)
    filtered: np.ndarray | None = None  # int [B], counts of the filtered rows, drawn dark over pale
    low_means: str = ""
    high_means: str = ""


@dataclass(frozen=True)
class HistogramOptions:
    """How a distribution is drawn.

    mode: histogram | ecdf (cumulative share) | table (the same counts as numbers).
    cut: dashed line with the dropped side shaded; value: the focused example's bar lights up.
    by_class: stacked bars (or one curve per class). palette: a color for each class.
    """

    mode: str = "histogram"
    cut: float | None = None
    drop: str = "above"
    value: float | None = None
    by_class: bool = False
    bins: int = 64
    palette: tuple[str, ...] | None = None
    height: int = 200


def histogram(
    distribution: Distribution, options: HistogramOptions | None = None, *, key: str
) -> tuple[float, float] | None:
    """Draw it. Returns the range that the person just selected by dragging across the plot, or None."""
    options = options or HistogramOptions()
    binned = _coarser(distribution, options.bins)
    if options.mode == "table":
        _table(binned, options, key)
        return None
    event = st.plotly_chart(
        _figure(binned, options),
        key=key,
        width="stretch",
        config={"displayModeBar": False, "scrollZoom": False},
        on_select="rerun",
        selection_mode="box",
        alt=_words(binned, options.cut, options.drop),
    )
    _ends(distribution, key)
    return _range(event)


def _figure(binned: Distribution, options: HistogramOptions) -> go.Figure:
    figure, palette = go.Figure(), options.palette or class_colors(binned.counts.sum(axis=1))
    if options.mode == "ecdf":
        _curves(figure, binned, options.by_class, palette)
    elif options.by_class:
        _class_bars(figure, binned, palette)
    else:
        _bars(figure, binned, options.value)
    _cut_line(figure, options.cut, options.drop, binned.edges)
    _finish(figure, binned, options)
    return figure


def _ends(distribution: Distribution, key: str) -> None:
    """What either end of the axis means, under its end: words that wrap, where an axis title would be cut off."""
    if distribution.low_means or distribution.high_means:
        low = node("span", "", f"← {distribution.low_means}" if distribution.low_means else "")
        high = node("span", "", f"{distribution.high_means} →" if distribution.high_means else "")
        show_nodes(node("div", "ends soft", low, high), key=f"{key}-ends")


def _table(binned: Distribution, options: HistogramOptions, key: str) -> None:
    edges = binned.edges
    frame = pd.DataFrame({"from": edges[:-1], "to": edges[1:], "rows": binned.counts.sum(axis=0)})
    if binned.filtered is not None:
        frame["filtered"] = binned.filtered
    if options.by_class:
        classes = zip(binned.names, binned.counts, strict=False)
        frame = frame.assign(**{f"{i}: {name}": row for i, (name, row) in enumerate(classes)})
    table(
        frame,
        key=f"{key}-table",
        rows=range(len(frame)),
        height=options.height,
        numbers=("from", "to"),
        chosen=None,
        alt=_words(binned, None, ""),
    )


def _coarser(fine: Distribution, bins: int) -> Distribution:
    """The same with about `bins` bins, cut to where there are rows, merged without splitting one."""
    counts = np.atleast_2d(fine.counts)
    used = np.flatnonzero(counts.sum(axis=0))
    first, last = (used[0], used[-1] + 1) if len(used) else (0, counts.shape[1])
    step = max(1, round((last - first) / bins))
    starts = np.arange(first, last, step)
    edges = np.append(np.asarray(fine.edges)[starts], fine.edges[last])
    filtered = None if fine.filtered is None else np.add.reduceat(np.asarray(fine.filtered)[:last], starts)
    merged = np.add.reduceat(counts[:, :last], starts, axis=1)
    return replace(fine, counts=merged, edges=edges, filtered=filtered)


_HOVER = "%{x:.4g}: %{y:,} rows<extra>%{fullData.name}</extra>"


def _bars(figure: go.Figure, binned: Distribution, value: float | None) -> None:
    """All rows, pale behind the filtered ones; the bar that holds `value` in the color of text."""
    edges, filtered = binned.edges, binned.filtered
    middles, widths = (edges[:-1] + edges[1:]) / 2, np.diff(edges)
    colors = np.full(len(middles), KEPT_COLOR, dtype=object)
    if value is not None and np.isfinite(value):
        colors[min(max(int(np.searchsorted(edges, value, "right")) - 1, 0), len(middles) - 1)] = text_color()
    figure.add_bar(
        x=middles,
        y=binned.counts.sum(axis=0),
        width=widths,
        name="all",
        opacity=0.3 if filtered is not None else 0.8,
        marker={"color": colors, "line": {"width": 0}},
        hovertemplate=_HOVER,
    )
    if filtered is not None:
        figure.add_bar(
            x=middles,
            y=filtered,
            width=widths,
            name="filtered",
            marker={"color": KEPT_COLOR, "line": {"width": 0}},
            hovertemplate=_HOVER,
        )
    figure.update_layout(barmode="overlay")


def _class_bars(figure: go.Figure, binned: Distribution, palette: Sequence[str]) -> None:
    edges = binned.edges
    for i, row in enumerate(binned.counts):
        figure.add_bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=row,
            width=np.diff(edges),
            name=binned.names[i],
            marker={"color": palette[i % len(palette)], "line": {"width": 0}},
            hovertemplate=_HOVER,
        )
    figure.update_layout(barmode="stack")


def _curves(figure: go.Figure, binned: Distribution, by_class: bool, palette: Sequence[str]) -> None:
    rows = binned.counts if by_class else binned.counts.sum(axis=0, keepdims=True)
    for i, row in enumerate(rows):
        share = np.append(0.0, np.cumsum(row)) / max(int(row.sum()), 1)
        color = palette[i % len(palette)] if by_class else KEPT_COLOR
        figure.add_scatter(
            x=binned.edges,
            y=share,
            mode="lines",
            name=binned.names[i] if by_class else "all",
            line={"color": color, "width": 1.8},
            hovertemplate="%{y:.1%} of rows at or below %{x:.4g}<extra>%{fullData.name}</extra>",
        )


def _cut_line(figure: go.Figure, cut: float | None, drop: str, edges: np.ndarray) -> None:
    if cut is None or not np.isfinite(cut):
        return
    side = (cut, edges[-1]) if drop == "above" else (edges[0], cut)
    if side[0] < side[1]:
        figure.add_vrect(x0=side[0], x1=side[1], fillcolor=DROPPED_COLOR, opacity=0.12, line_width=0, layer="below")
    figure.add_vline(
        x=cut,
        line={"color": DROPPED_COLOR, "width": 1.6, "dash": "dash"},
        annotation={
            "text": f"cut {digits(cut)}",
            "font": {"size": 11, "color": muted_color()},
            "yanchor": "bottom",
        },
    )


def _finish(figure: go.Figure, binned: Distribution, options: HistogramOptions) -> None:
    cumulative = options.mode == "ecdf"
    figure.update_layout(
        **plotly_layout(
            height=options.height,
            margin={"t": 20},
            dragmode="select",
            selectdirection="h",
            xaxis={"title": {"text": binned.title}, "showgrid": False},
            yaxis={
                "title": {"text": "share of rows" if cumulative else "rows"},
                "tickformat": ".0%" if cumulative else "~s",
            },
        )
    )


def _words(binned: Distribution, cut: float | None, drop: str) -> str:
    cut_words = "" if cut is None else f" Rows {drop} {digits(cut)} are dropped."
    return f"Distribution of {binned.title} over {int(binned.counts.sum()):,} rows.{cut_words}"


def _range(event: object) -> tuple[float, float] | None:
    boxes = getattr(event, "selection", {}).get("box", []) if event is not None else []
    if not boxes or not boxes[0].get("x"):
        return None
    low, high = sorted(float(v) for v in boxes[0]["x"][:2])
    return (low, high) if high > low else None
