"""Colors, type and spacing: one accent, ten class colors that a color-blind reader tells apart, light and dark."""

from __future__ import annotations

CLASS_COLORS: tuple[str, ...] = ()


def apply_page_style() -> None:
    """Call once per page, after `st.set_page_config(layout="wide")`: cuts Streamlit's paddings, small headings."""


def is_dark() -> bool:
    """Whether the page is drawn in the dark theme."""


def plotly_layout(**extra: object) -> dict[str, object]:
    """Layout of a small chart: transparent, theme text color, tight margins, tabular numbers."""


def class_color(index: int) -> str:
    """Color of class `index`; repeats after the palette's end."""
