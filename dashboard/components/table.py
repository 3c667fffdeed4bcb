"""The same examples as rows of a table."""

from __future__ import annotations

from typing import Any, Literal

import streamlit as st


def table(
    frame: Any,
    *,
    key: str,
    rows: Any,
    height: int | Literal["content"] = 360,
    percent: tuple[str, ...] = (),
    numbers: tuple[str, ...] = (),
    selectable: bool = True,
) -> tuple[int, ...] | None:
    """Show frame (index ignored); rows [len(frame)] are the dataset rows behind it.

    Returns the dataset rows chosen in it (None while nothing is chosen). percent: columns in 0..1 drawn as bars;
    numbers: columns drawn with four significant digits.
    """

    config = {name: st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0) for name in percent}
    config |= {name: st.column_config.NumberColumn(format="%.4g") for name in numbers}
    event: Any = st.dataframe(
        frame,
        key=key,
        height=height,
        width="stretch",
        hide_index=True,
        column_config=config,
        on_select="rerun" if selectable else "ignore",
        selection_mode="multi-row",
    )
    chosen = event.get("selection", {}).get("rows", []) if selectable else []
    return tuple(int(rows[i]) for i in chosen if i < len(rows)) or None
