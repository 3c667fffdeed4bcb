"""Explore: the map, the rows below it; at the right facets, one example, or the weights. One selection drives all."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import actions
from core.types.facets import Facet, Filters
from dashboard.panels import drawer, facet_cards, map_panel, near_duplicates, rows_panel, selection_bar, weights
from dashboard.session import error_boundary, row_filters, url_widgets
from dashboard.session.current_run import Opened, require_run
from dashboard.tables import row_table

_SIDES = {"facets": "Facets", "example": "Example", "weights": "Weights"}


@require_run("Nothing to explore yet", "no_explore")
def render(opened: Opened) -> None:
    """Left two thirds: map over gallery or table. Right: what is chosen in the switch above it."""
    near_duplicates.question(opened)
    facets = row_table.facets(opened)
    filters = Filters(row_filters.filters(), row_filters.ranges(), row_filters.search_words())
    shown = actions.facets.shown_rows(opened.view, facets, filters)
    left, right = st.columns([2, 1], gap="small")
    with left, st.container(key="explore_left", gap="small"):
        error_boundary.alone(map_panel.map_panel, opened, facets, shown)
        error_boundary.alone(selection_bar.selection_bar, opened, shown)
        error_boundary.alone(rows_panel.rows_panel, opened, shown)
    with right, st.container(key="explore_right", gap="small"):
        _side(opened, facets, shown, filters)


def _side(opened: Opened, facets: tuple[Facet, ...], shown: np.ndarray, filters: Filters) -> None:
    side = url_widgets.switch("side", _SIDES, "facets", "stretch")
    with st.container(key="side_pane", gap="small"):
        if side == "example":
            error_boundary.alone(drawer.drawer, opened)
        elif side == "weights":
            error_boundary.alone(weights.weights, opened)
        else:
            error_boundary.alone(facet_cards.facet_cards, opened, facets, shown, filters)
