"""A matrix of correlations: numbers written in the cells, the same as a table on demand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from dashboard.components.theme import is_dark, plotly_layout, text_color

# -1, 0, +1: orange and blue as elsewhere, so pale (in the dark so deep) that the numbers on them stay at 4.5:1
_LIGHT, _DARK = ("#F2B272", "#F7F8FA", "#7FB2E5"), ("#8A4A10", "#1B222B", "#1F5A91")


def heat_map(names: Sequence[str], matrix: np.ndarray, *, key: str, words: str, height: int = 560) -> None:
    """matrix: [m, m] in -1..1, NaN where not defined (an empty cell). words: what a screen reader says."""
    ends = _DARK if is_dark() else _LIGHT
    written = np.where(np.isnan(matrix), "–", np.char.mod("%.2f", np.nan_to_num(matrix)))
    figure = go.Figure(
        go.Heatmap(
            z=matrix,
            x=list(names),
            y=list(names),
            text=written,
            texttemplate="%{text}",
            zmin=-1,
            zmax=1,
            textfont={"color": text_color()},
            colorscale=list(zip((0.0, 0.5, 1.0), ends, strict=True)),
            xgap=1,
            ygap=1,
            hovertemplate="%{y} against %{x}: %{text}<extra></extra>",
            colorbar={"thickness": 10, "outlinewidth": 0, "tickvals": [-1, 0, 1]},
        )
    )
    axis = {"showgrid": False, "showline": False, "ticks": ""}
    figure.update_layout(**plotly_layout(height=height, xaxis={**axis, "tickangle": -35}, yaxis=axis))
    figure.update_yaxes(autorange="reversed")
    st.plotly_chart(figure, key=key, width="stretch", config={"displayModeBar": False}, alt=words)
