"""Colors, type and spacing: one accent, twenty class colors that a color-blind reader tells apart, light and dark."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

# Five of Okabe & Ito's colors, widened to ten and then to twenty by search; distances under simulated color blindness
# are held by a test.
CLASS_COLORS: tuple[str, ...] = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#E4023E",
    "#B34DEB",
    "#0B6F09",
    "#874D7B",
    "#16D26A",
    "#44CCBB",
    "#996655",
    "#7744CC",
    "#FF88FF",
    "#BB3300",
    "#0099CC",
    "#EE55CC",
    "#DDAA99",
    "#4477FF",
    "#006666",
)
NO_CLASS_COLOR = "#9AA3AD"
KEPT_COLOR, DROPPED_COLOR = "#2F7DC4", "#E07B1A"
TOWARDS_COLOR, AWAY_COLOR = "#2F7DC4", "#E07B1A"

_STYLE = """
<style>
.block-container, [data-testid="stMainBlockContainer"] {padding: 0.9rem 1.1rem 0.6rem 1.1rem; max-width: none;}
[data-testid="stHeader"] {height: 0; min-height: 0; background: transparent;}
[data-testid="stMain"] h1 {font-size: 1.35rem; padding: 0 0 1rem 0; letter-spacing: -.01em;}
[data-testid="stMain"] h2 {font-size: 1.08rem; padding: 0 0 1rem 0;}
[data-testid="stMain"] h3, [data-testid="stMain"] h4 {font-size: .92rem; padding: 0 0 1rem 0;}
[data-testid="stVerticalBlock"] {gap: .55rem;}
[data-testid="stMetricValue"], [data-testid="stDataFrame"], .chf {font-variant-numeric: tabular-nums;}
[data-testid="stSidebarHeader"] {padding-bottom: 0; height: 2rem;}
</style>
"""


def apply_page_style() -> None:
    """Call once per page, after `st.set_page_config(layout="wide")`: cuts Streamlit's paddings, small headings.

    Captions and steps that cannot be opened yet take the muted color: Streamlit's own are below 4.5:1.
    """
    muted = "[data-testid='stCaptionContainer'], [data-testid='stCaptionContainer'] p, a[disabled] p"
    st.html(f"{_STYLE}<style>{muted} {{color: {muted_color()}; opacity: 1;}}</style>")


def is_dark() -> bool:
    """Whether the page is drawn in the dark theme."""
    return getattr(st.context.theme, "type", None) == "dark"


def text_color() -> str:
    """Ordinary text on the page."""
    return "#E6E9ED" if is_dark() else "#1C2733"


def muted_color() -> str:
    """Second-rank text; at least 4.5:1 on the page."""
    return "#9DA8B4" if is_dark() else "#5B6875"


def line_color() -> str:
    """Hairlines and grid."""
    return "#2C343E" if is_dark() else "#E2E7EC"


def plotly_layout(**extra: Any) -> dict[str, Any]:
    """Layout of a small chart: transparent, theme text color, tight margins, tabular numbers."""
    axis = {
        "gridcolor": line_color(),
        "zeroline": False,
        "linecolor": line_color(),
        "tickfont": {"size": 11},
        "title": {"font": {"size": 11}, "standoff": 6},
        "fixedrange": True,
        "automargin": True,
    }
    base: dict[str, Any] = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "font": {"color": muted_color(), "size": 11},
        "showlegend": False,
        "xaxis": dict(axis),
        "yaxis": dict(axis),
        "bargap": 0.04,
        "hoverlabel": {"font": {"size": 12}},
    }
    for name, value in extra.items():
        base[name] = {**base[name], **value} if isinstance(value, dict) and isinstance(base.get(name), dict) else value
    return base


def class_colors(sizes: np.ndarray) -> tuple[str, ...]:
    """A color of its own for each of [C] classes; of more than there are colors for the largest ones, grey for others.

    sizes: rows of each class.
    """
    count = len(CLASS_COLORS)
    if len(sizes) <= count:
        return CLASS_COLORS[: len(sizes)]
    largest = sorted(np.argsort(-np.asarray(sizes), kind="stable")[:count].tolist())
    colors = dict(zip(largest, CLASS_COLORS, strict=True))
    return tuple(colors.get(code, NO_CLASS_COLOR) for code in range(len(sizes)))
