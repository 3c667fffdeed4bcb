"""Two charts of a check: accuracy over the share kept with its bands, and how many planted flips each score finds."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from core import actions
from core.types.checks import CheckResult, SelfTestResult
from dashboard.components.theme import KEPT_COLOR, is_dark, plotly_layout

_LEGEND = {"orientation": "h", "y": 1.14, "x": 0}
_ON_DARK = {
    "#0B3D66": "#CFE3F5",
    KEPT_COLOR: "#5BA3E0",
    "#9CC4E6": "#2F6EA6",
    "#B4560C": "#F0A35E",
    "#5B6875": "#9DA8B4",
}


def accuracy_chart(result: CheckResult, *, key: str, height: int = 320) -> None:
    """The rule, matched random and all data, with 95 % bands."""
    figure = actions.checks.check_figure(result)
    axes = {
        name: {"title": {"text": figure["layout"][name]["title"]["text"]}, "tickformat": ".0%"}
        for name in ("xaxis", "yaxis")
    }
    _draw(figure, key, height, f"Accuracy on held-out rows over the share kept. {result.verdict}", axes)


def recall_chart(result: SelfTestResult, *, key: str, height: int = 300) -> None:
    """A group of bars per score, with Wilson intervals."""
    best = max(result.scores, key=lambda s: s.auroc)
    words = (
        f"Share of {result.flips} planted flips found among the most suspected rows; the best single score is "
        f"{best.name} with {best.recall[-1]:.0%} among {best.inspected[-1]:.0%} of the rows"
    )
    axes = {
        "yaxis": {"title": {"text": "flips found"}, "tickformat": ".0%", "range": [0, 1.02]},
        "barmode": "group",
        "bargap": 0.3,
    }
    _draw(actions.checks.recall_figure(result), key, height, words, axes)


def _draw(figure: dict[str, Any], key: str, height: int, alt: str, axes: dict[str, Any]) -> None:
    data = [_themed(trace) for trace in figure["data"]] if is_dark() else figure["data"]
    chart = go.Figure(data)
    chart.update_layout(**plotly_layout(height=height, showlegend=True, legend=_LEGEND, **axes))
    st.plotly_chart(chart, key=key, width="stretch", config={"displayModeBar": False}, alt=alt)


def _themed(value: Any) -> Any:
    """The same chart with colors that stand out on a dark page; the last two digits of a band are its opacity."""
    if isinstance(value, dict):
        return {name: _themed(inner) for name, inner in value.items()}
    if isinstance(value, str) and value[:7] in _ON_DARK:
        return _ON_DARK[value[:7]] + value[7:]
    return value
