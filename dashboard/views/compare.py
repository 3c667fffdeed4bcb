"""Compare: scores against scores, how they agree, the data map, zones and clusters; all of it selects rows."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.curation.facets import Filters, shown_rows
from dashboard import border, reading, row_filters, state
from dashboard.components import messages
from dashboard.opened import Opened, open_current
from dashboard.panels import branches, crossings, drawer, pair, rows_panel, verbs

_PANES = {
    "pair": "Two scores",
    "matrix": "All scores",
    "learning": "Data map",
    "zones": "Zones",
    "clusters": "Clusters",
    "branches": "Branches",
}
_SIDES = {"facets": "Comparison", "example": "Example"}
_HEIGHT = 430


def render() -> None:
    """A switch of panes; the planes stand over the rows that they select, as in Explore."""
    opened = open_current()
    if opened is None:
        if messages.empty_state(
            "Nothing to compare yet",
            "Open a sample from Start, or score your own data first.",
            key="no_compare",
            action="Go to Start",
        ):
            state.follow("start")
            st.rerun()
        return
    facets = reading.facets(opened)
    shown = shown_rows(
        opened.view, facets, Filters(row_filters.filters(), row_filters.ranges(), row_filters.search_words())
    )
    with st.container(key="compare_head", horizontal=True, gap="small", vertical_alignment="center"):
        pane = state.switch("pane", _PANES, "pair")
        st.space("stretch")
        st.text(f"{int(shown.sum()):,} / {len(shown):,} rows pass the filters · {len(state.selection()):,} selected")
    if pane in ("pair", "learning"):
        _plane(opened, shown, pane)
        return
    with st.container(key="compare_pane", gap="small"):
        if pane == "matrix":
            border.alone(crossings.correlations, opened)
        elif pane == "zones":
            border.alone(crossings.zones_by, opened, facets, shown)
        elif pane == "branches":
            border.alone(branches.comparison, opened)
        else:
            border.alone(crossings.clusters, opened, shown)
    if pane != "matrix":
        border.alone(verbs.verbs, opened, shown)
        if len(state.selection()):
            border.alone(rows_panel.rows_panel, opened, shown)


def _plane(opened: Opened, shown: np.ndarray, pane: str) -> None:
    left, right = st.columns([2, 1], gap="small")
    a = b = ""
    with left, st.container(key="compare_left", gap="small"):
        if pane == "pair":
            a, b = pair.choose_pair(opened)
            pair.rank_plane(opened, a, b, shown, _HEIGHT)
        elif not pair.learning_plane(opened, shown, _HEIGHT):
            return
        border.alone(verbs.verbs, opened, shown)
        border.alone(rows_panel.rows_panel, opened, shown)
    with right, st.container(key="compare_right", gap="small"):
        side = state.switch("side", _SIDES, "facets", "stretch")
        with st.container(key="side_pane", gap="small"):
            if side == "example":
                border.alone(drawer.drawer, opened)
            elif pane == "pair":
                border.alone(pair.agreement, opened, a, b, shown)
            else:
                border.alone(pair.regions, opened, shown)
