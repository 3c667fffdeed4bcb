"""A library result as Plotly figures and as a notebook shows it; nothing in them is taken as markup."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from core.embeddings import project
from core.types.errors import CurationError
from core.types.evidence import Evidence
from core.types.examples import ExampleTable

if TYPE_CHECKING:
    import plotly.graph_objects as go

_BINS = 60  # fine enough to see two humps, coarse enough for a few hundred rows
_SHOWN = 5  # rows and reasons in the summary: it stands between cells of a notebook
_POINT = 5  # pixels


def plot_map(examples: ExampleTable, evidence: Evidence, values: pd.Series | None, layout: str, seed: int) -> go.Figure:
    """The embedding as a map, colored by a score or by the given label. Raises `CurationError` without an embedding."""
    import plotly.graph_objects as go

    if evidence.embedding is None:
        raise CurationError("This result has no embedding, so no map.", "Ask for a score of the density, or give one.")
    points = project(layout, evidence.embedding, seed=seed)
    names = np.array([*examples.class_names, "no label"], object)[examples.labels]
    words = [escape(f"{key} ({name})") for key, name in zip(examples.ids.tolist(), names.tolist(), strict=True)]
    figure = go.Figure()
    if values is None:
        for name in dict.fromkeys(names.tolist()):
            rows = np.flatnonzero(names == name)
            figure.add_trace(_points(points[rows], [words[row] for row in rows], {}, escape(name)))
    else:
        marker = {"color": values.to_numpy(), "colorscale": "Viridis", "showscale": True}
        figure.add_trace(_points(points, words, marker, escape(str(values.name))))
    figure.update_xaxes(visible=False)
    return figure.update_yaxes(visible=False, scaleanchor="x")


def _points(points: np.ndarray, words: list[str], marker: dict, name: str) -> go.Scattergl:
    import plotly.graph_objects as go

    x, y = points.T
    return go.Scattergl(
        x=x, y=y, mode="markers", text=words, hoverinfo="text", name=name, marker={"size": _POINT, **marker}
    )


def plot_distribution(values: pd.Series, by: pd.Series | None) -> go.Figure:
    """A histogram of one column; by: [N] texts, a histogram for each laid over the others.

    Raises `CurationError` for a column without any value.
    """
    import plotly.graph_objects as go

    known = values.dropna()
    if known.empty:
        raise CurationError(f"{values.name} has no value in any row.", "Choose another column.")
    low, high = float(known.min()), float(known.max())
    bins = {"start": low, "end": high, "size": (high - low) / _BINS or 1.0}
    parts = {"": known} if by is None else {str(name): part for name, part in known.groupby(by.loc[known.index])}
    figure = go.Figure(
        [go.Histogram(x=part.to_numpy(), name=escape(name), xbins=bins, opacity=0.6) for name, part in parts.items()]
    )
    return figure.update_layout(
        barmode="overlay", xaxis_title=escape(str(values.name)), yaxis_title="rows", showlegend=by is not None
    )


def summary_html(table: pd.DataFrame, skipped: Mapping[str, str]) -> str:
    """What a notebook shows: how many rows and scores, the first rows, what is missing and why."""
    left = list(skipped.items())
    reasons = "".join(f"<li><code>{escape(name)}</code>: {escape(why)}</li>" for name, why in left[:_SHOWN])
    more = f"<li>and {len(left) - _SHOWN:,} more, in <code>.skipped</code></li>" if len(left) > _SHOWN else ""
    return (
        f"<div><p>{len(table):,} examples, {table.shape[1] - 1:,} scores</p>{table.head(_SHOWN).to_html(escape=True)}"
        + (f"<p>Not computed:</p><ul>{reasons}{more}</ul>" if left else "")
        + "</div>"
    )
