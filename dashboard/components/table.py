"""The same examples as rows of a table."""

from __future__ import annotations

from typing import Any, Literal

import streamlit as st

from dashboard.components.display_text import shown_frame


def table(
    frame: Any,
    *,
    key: str,
    rows: Any,
    height: int | Literal["content"] = 360,
    percent: tuple[str, ...] = (),
    numbers: tuple[str, ...] = (),
    chosen: tuple[int, ...] | None = (),
    alt: str | None = None,
) -> tuple[int, ...] | None:
    """Show frame (index ignored); rows [len(frame)] are the dataset rows behind it.

    Returns the dataset rows chosen in it (None while nothing is chosen). percent: columns in 0..1 drawn as bars;
    numbers: columns drawn with four significant digits. chosen: dataset rows that are chosen when the table is first
    drawn under this key; None: no row can be chosen.
    """

    config = {name: st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0) for name in percent}
    config |= {name: st.column_config.NumberColumn(format=_digits(frame[name])) for name in numbers}
    event: Any = st.dataframe(
        shown_frame(frame),
        key=key,
        height=height,
        width="stretch",
        hide_index=True,
        column_config=config,
        on_select="ignore" if chosen is None else "rerun",
        selection_mode="multi-row",
        selection_default=_default(rows, chosen) if chosen else None,
        alt=alt,
    )
    picked = [] if chosen is None else event.get("selection", {}).get("rows", [])
    return tuple(int(rows[i]) for i in picked if i < len(rows)) or None


def _digits(column: Any) -> Literal["localized"] | str:
    """Four significant digits, and no power of ten for what has more before its point."""
    return "localized" if column.abs().max() >= 10_000 else "%.4g"


def _default(rows: Any, chosen: tuple[int, ...]) -> Any:
    place = {int(row): at for at, row in enumerate(rows)}
    return {"selection": {"rows": [place[row] for row in chosen if row in place]}}
