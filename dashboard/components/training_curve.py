"""How the network's belief in the given label grew over the epochs."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from dashboard.theme import DROPPED_COLOR, KEPT_COLOR, plotly_layout


def training_curve(
    epochs: np.ndarray,
    p_y: np.ndarray,
    *,
    key: str,
    predicted: np.ndarray | None = None,
    class_names: tuple[str, ...] = (),
    label: str = "",
    height: int = 180,
) -> None:
    """p_y [S, T] probability of the given label per seed (a line each), marked where another class was predicted."""
    figure = go.Figure()
    for seed, line in enumerate(np.asarray(p_y, dtype=np.float32)):
        figure.add_scatter(
            x=np.asarray(epochs),
            y=line,
            mode="lines",
            name=f"seed {seed + 1}",
            opacity=0.85,
            line={"color": KEPT_COLOR, "width": 1.8, "dash": ("solid", "dash", "dot", "dashdot")[seed % 4]},
            hovertemplate="epoch %{x}: %{y:.2f}<extra>seed " + str(seed + 1) + "</extra>",
        )
        if predicted is not None:
            _mark_wrong(figure, np.asarray(epochs), line, np.asarray(predicted)[seed], class_names, label)
    figure.update_layout(
        **plotly_layout(
            height=height,
            yaxis={"range": [-0.03, 1.05], "title": {"text": f"p({label or 'given label'})"}},
            xaxis={"title": {"text": "epoch"}, "tick0": 1, "dtick": max(1, -(-len(epochs) // 8))},
        )
    )
    st.plotly_chart(
        figure,
        key=key,
        width="stretch",
        config={"displayModeBar": False},
        alt=f"Probability of {label or 'the given label'} over {len(epochs)} epochs, "
        f"ending at {float(np.mean(np.asarray(p_y)[:, -1])):.2f}",
    )


def _mark_wrong(
    figure: go.Figure, epochs: np.ndarray, line: np.ndarray, predicted: np.ndarray, names: tuple[str, ...], label: str
) -> None:
    """Crosses where the network said another class."""
    said = np.array([names[c] if c < len(names) else str(c) for c in predicted], dtype=object)
    wrong = said != label
    figure.add_scatter(
        x=epochs[wrong],
        y=line[wrong],
        mode="markers",
        text=said[wrong],
        showlegend=False,
        marker={"symbol": "x-thin", "size": 7, "line": {"width": 1.8, "color": DROPPED_COLOR}},
        hovertemplate="epoch %{x}: predicted %{text}<extra></extra>",
    )
