"""How the network's belief in the given label grew over the epochs."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from dashboard.components.theme import DROPPED_COLOR, KEPT_COLOR, plotly_layout

_DASHES = ("solid", "dash", "dot", "dashdot")
_DASH_WORDS = ("solid", "dashed", "dotted", "dash-dotted")


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
            line={"color": KEPT_COLOR, "width": 1.8, "dash": _DASHES[seed % 4]},
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
    st.caption(_in_words(np.asarray(p_y, dtype=np.float32), predicted, class_names, label))


def _in_words(p_y: np.ndarray, predicted: np.ndarray | None, names: tuple[str, ...], label: str) -> str:
    """Each seed's line: how it is drawn, where it ends, in how many epochs the label was predicted."""
    words = []
    for seed, line in enumerate(p_y):
        text = f"seed {seed + 1} ({_DASH_WORDS[seed % 4]}) ends at {line[-1]:.2f}"
        if predicted is not None:
            right = int((_named(np.asarray(predicted)[seed], names) == label).sum())
            text += f", right in {right} of {len(line)} epochs"
        words.append(text)
    crosses = ". Crosses: another class was predicted." if predicted is not None else "."
    return "; ".join(words).replace("seed", "Seed", 1) + crosses


def _named(predicted: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    return np.array([names[c] if c < len(names) else str(c) for c in predicted], dtype=object)


def _mark_wrong(
    figure: go.Figure, epochs: np.ndarray, line: np.ndarray, predicted: np.ndarray, names: tuple[str, ...], label: str
) -> None:
    """Crosses where the network said another class."""
    words = _named(predicted, names)
    wrong = words != label
    figure.add_scatter(
        x=epochs[wrong],
        y=line[wrong],
        mode="markers",
        text=words[wrong],
        showlegend=False,
        marker={"symbol": "x-thin", "size": 7, "line": {"width": 1.8, "color": DROPPED_COLOR}},
        hovertemplate="epoch %{x}: predicted %{text}<extra></extra>",
    )
