"""Compare: scores against scores, how they agree, the data map, zones and clusters; all of it selects rows."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import actions
from core.types.facets import Filters
from dashboard.panels import branches, drawer, rows_panel, run_comparison, score_pair, selection_bar, zones_and_clusters
from dashboard.session import error_boundary, row_filters, selection, url_widgets
from dashboard.session.current_run import Opened, require_run
from dashboard.tables import row_table

_PANES = {
    "pair": "Two scores",
    "matrix": "All scores",
    "learning": "Data map",
    "zones": "Zones",
    "clusters": "Clusters",
    "branches": "Branches",
    "runs": "Runs",
}
_SIDES = {"facets": "Comparison", "example": "Example"}
_HEIGHT = 430  # pixels: both planes and their captions on a laptop's screen


@require_run("Nothing to compare yet", "no_compare")
def render(opened: Opened) -> None:
    """A switch of panes; below a plane the rows selected on it, as in Explore."""
    facets = row_table.facets(opened)
    shown = actions.facets.shown_rows(
        opened.view, facets, Filters(row_filters.filters(), row_filters.ranges(), row_filters.search_words())
    )
    with st.container(key="compare_head", horizontal=True, gap="small", vertical_alignment="center"):
        pane = url_widgets.switch("pane", _PANES, "pair")
        st.space("stretch")
        st.text(f"{int(shown.sum()):,} / {len(shown):,} rows pass the filters · {len(selection.selected()):,} selected")
    if pane in ("pair", "learning"):
        _plane(opened, shown, pane)
        return
    with st.container(key="compare_pane", gap="small"):
        if pane == "matrix":
            error_boundary.alone(zones_and_clusters.correlations, opened)
        elif pane == "zones":
            error_boundary.alone(zones_and_clusters.zones_by, opened, facets, shown)
        elif pane == "branches":
            error_boundary.alone(branches.comparison, opened)
        elif pane == "runs":
            error_boundary.alone(run_comparison.comparison, opened)
        else:
            error_boundary.alone(zones_and_clusters.clusters, opened, shown)
    if pane != "matrix":
        error_boundary.alone(selection_bar.selection_bar, opened, shown)
        if len(selection.selected()):
            error_boundary.alone(rows_panel.rows_panel, opened, shown)


def _plane(opened: Opened, shown: np.ndarray, pane: str) -> None:
    left, right = st.columns([2, 1], gap="small")
    a = b = ""
    with left, st.container(key="compare_left", gap="small"):
        if pane == "pair":
            a, b = score_pair.choose_pair(opened)
            score_pair.rank_plane(opened, a, b, shown, _HEIGHT)
        elif not score_pair.learning_plane(opened, shown, _HEIGHT):
            return
        error_boundary.alone(selection_bar.selection_bar, opened, shown)
        error_boundary.alone(rows_panel.rows_panel, opened, shown)
    with right, st.container(key="compare_right", gap="small"):
        side = url_widgets.switch("side", _SIDES, "facets", "stretch")
        with st.container(key="side_pane", gap="small"):
            if side == "example":
                error_boundary.alone(drawer.drawer, opened)
            elif pane == "pair":
                error_boundary.alone(score_pair.agreement, opened, a, b, shown)
            else:
                error_boundary.alone(score_pair.regions, opened, shown)
