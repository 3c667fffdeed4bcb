"""How the scores agree in one matrix, zones by class and group, clusters in words."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from typing import Literal

import numpy as np
import streamlit as st

from core import actions
from core.types.comparisons import ClusterCard
from core.types.curation import Zone
from core.types.facets import Facet
from dashboard.components import messages, table
from dashboard.components.heat_map import heat_map
from dashboard.components.neighbors import neighbors_strip
from dashboard.session import cache, navigation, selection, url_widgets
from dashboard.session.current_run import Opened
from dashboard.session.slots import slot
from dashboard.tables import comparison, example_tiles


def _height(lines: Sized) -> int | Literal["content"]:
    """Of a table: as high as its lines, up to a dozen."""
    return "content" if len(lines) <= 12 else 420


def correlations(opened: Opened) -> None:
    """Spearman of every two scores, as a heat map or a table."""
    matrix = cache.correlations(opened.run.run_id, opened.at, opened.view)
    words = comparison.correlation_words(matrix)
    as_table = st.toggle("as a table", key="correlation_table")
    st.text(words)
    titles = [comparison.short_title(name) for name in matrix.names]
    if as_table:
        frame = comparison.correlation_frame(matrix)
        lines = range(len(frame))
        table.table(frame, key="matrix", rows=lines, numbers=tuple(titles), chosen=None, height=520, alt=words)
    else:
        heat_map(titles, matrix.matrix, key="heat_map", words=words)


def zones_by(opened: Opened, facets: Sequence[Facet], shown: np.ndarray) -> None:
    """Rows of each class, group or cluster in each zone; chosen lines and a zone select rows."""
    ways = {facet.name: facet for facet in facets if facet.name in ("label", "group", "split", "cluster")}
    by = st.segmented_control(
        "By",
        list(ways),
        required=True,
        label_visibility="collapsed",
        format_func=lambda name: f"By {ways[name].title.lower()}",
        **url_widgets.sticky_choice("zones_by", ways, "label"),
    )
    facet = ways[by or "label"]
    crossing = cache.zone_crossing(opened.run.run_id, opened.at, facet.name, facet.version, opened.view, facet)
    frame = comparison.zones_frame(crossing)
    st.text(
        "Zones of difficulty and label evidence. Suspected: a model that did not see the row doubts its label."
        if crossing.suspected is not None
        else "Zones of difficulty and label evidence. No model judged rows it had not seen: no suspected labels."
    )
    percent = ("Suspected labels",) if crossing.suspected is not None else ()
    lines = range(len(frame))
    alt = f"Rows of each zone by {facet.title.lower()}"
    chosen = table.table(frame, key=f"zones_{facet.name}", rows=lines, height=_height(frame), percent=percent, alt=alt)
    inside = shown & (np.isin(facet.codes, chosen) if chosen else True)
    where = f"in {len(chosen)} chosen" if chosen else "in all lines"
    with st.container(key="zone_buttons", horizontal=True, gap="small", vertical_alignment="center"):
        st.text(f"Select {where}:")
        for code, zone in enumerate(Zone):
            rows = comparison.rows_with(actions.comparisons.zones(opened.view), code, inside)
            st.button(
                f"{zone.words} · {len(rows):,}",
                key=f"zone_{zone}",
                disabled=not len(rows),
                on_click=selection.chooser(rows),
            )


def clusters(opened: Opened, shown: np.ndarray) -> None:
    """A table of clusters; the chosen one with its typical and odd members and a button that selects it."""
    run, at = opened.run, opened.at
    every = actions.methods.clusterings()
    there = {one.name: one.title for one in every if cache.array(run.run_id, at, one.name, run) is not None}
    if not there:
        messages.empty_state(
            "No clusters", "This run has no embedding, or it is not finished.", slot=slot("no_clusters")
        )
        return
    name = st.segmented_control(
        "Clustering",
        list(there),
        required=True,
        label_visibility="collapsed",
        format_func=there.__getitem__,
        **url_widgets.sticky_choice("clustering", there, next(iter(there))),
    ) or next(iter(there))
    cards = cache.cluster_cards(run.run_id, at, name, run, opened.view)
    if not any(card.number >= 0 for card in cards):
        st.text("No dense group was found: every row stands alone.")
    left, right = st.columns([3, 2], gap="small")
    with left:
        chosen = table.table(
            comparison.clusters_frame(cards),
            key=f"clusters_{name}",
            rows=range(len(cards)),
            height=_height(cards),
            percent=("Suspected labels",),
            alt="Clusters with their size, words and suspected labels",
        )
    with right, st.container(key="facet_cluster", border=True, gap="small"):
        _cluster(opened, cards[chosen[0] if chosen else 0], name, shown)


def _cluster(opened: Opened, card: ClusterCard, name: str, shown: np.ndarray) -> None:
    doubted = "" if card.suspected is None else f" · {card.suspected:.1%} suspected labels"
    st.html(f"<h4>{comparison.cluster_title(card).capitalize()}</h4>")
    st.text(f"{card.size:,} rows{doubted}")
    st.text("Labels: " + (comparison.label_words(card) or "none"))
    if card.keywords:
        st.text("Set apart by: " + ", ".join(card.keywords))
    codes = cache.array(opened.run.run_id, opened.at, name, opened.run)
    rows = comparison.rows_with(np.asarray(codes), card.number, shown)
    st.button(f"Select its {len(rows):,} rows", key="select_cluster", on_click=selection.chooser(rows))
    if card.number < 0:
        st.caption("They lie in no dense region: near the edge of a cluster, between two, or alone.")
        return
    for title, members, key in (
        ("Typical: nearest to its middle", card.typical, "typical"),
        ("Odd: farthest from it", card.odd, "odd"),
    ):
        tiles = [example_tiles.tile(opened, int(row)) for row in members]
        clicked = neighbors_strip(title, tiles, slot=slot(f"cluster_{key}"), size=64)
        if clicked is not None:
            navigation.open_example(str(opened.view.ids[clicked]))
            navigation.request_page("explore")
            st.rerun()
