"""Two scores on one plane of ranks, and the data map: coordinates that are lassoed like any map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core import actions
from core.types.comparisons import REGIONS
from core.types.curation import Zone
from dashboard.components import embedding_map as maps
from dashboard.components import messages, table
from dashboard.panels import map_panel
from dashboard.session import cache, selection, state, url_widgets
from dashboard.session.current_run import Opened
from dashboard.session.slots import slot
from dashboard.tables import comparison


def choose_pair(opened: Opened) -> tuple[str, str]:
    """Two boxes: the score to the right, the score upwards."""
    names = actions.comparisons.axes(opened.view)
    with st.container(key="pair_tools", horizontal=True, gap="small", vertical_alignment="center"):
        for title, key, number in (("Across", "across", 0), ("Up", "up", min(1, len(names) - 1))):
            st.text(title)
            st.selectbox(
                title,
                names,
                format_func=comparison.axis_title,
                label_visibility="collapsed",
                width=260,
                **url_widgets.sticky_choice(key, names, names[number]),
            )
    first, second = (state.get(f"sticky_{key}", names[0]) for key in ("across", "up"))
    return first, second


def rank_plane(opened: Opened, a: str, b: str, shown: np.ndarray, height: int) -> None:
    """Every row at its rank by both scores, colored by quadrant."""
    pair = cache.comparison(opened.run.run_id, opened.at, a, b, opened.view)
    name = f"{opened.run.run_id}/{opened.at}/{a}/{b}"
    titles = [f"{comparison.short_title(score)}, rank" for score in (a, b)]
    layout = maps.MapLayout(name, pair.ranks, *titles)
    words = actions.comparisons.quadrant_words(comparison.short_title(a), comparison.short_title(b))
    colors = maps.MapColors.by_category(f"{name}/quadrants", "Quadrant", pair.quadrants, words)
    description = f"{layout.x} across, {layout.y} up. {comparison.agreement_words(pair, a, b)}"
    map_panel.draw_plane(opened, "rank_map", layout, colors, shown, height, description)


def agreement(opened: Opened, a: str, b: str, shown: np.ndarray) -> None:
    """Spearman, what the suspicious ends share, and the quadrants as buttons."""
    pair = cache.comparison(opened.run.run_id, opened.at, a, b, opened.view)
    with st.container(key="facet_agreement", border=True, gap="small"):
        st.html("<h4>Agreement</h4>")
        st.text(comparison.agreement_words(pair, a, b))
        frame = comparison.overlap_frame(pair)
        table.table(
            frame,
            key="overlap",
            rows=range(len(frame)),
            height="content",
            numbers=("Share", "By chance", "Jaccard"),
            chosen=None,
            alt="Rows that both scores have among their first",
        )
        with st.container(key="overlap_rows", horizontal=True, gap="small"):
            for number, overlap in enumerate(pair.overlaps):
                rows = overlap.rows[shown[overlap.rows]]
                st.button(
                    f"Both first {overlap.fraction:.0%} · {len(rows):,}",
                    key=f"overlap_{number}",
                    disabled=not len(rows),
                    on_click=selection.chooser(rows),
                    help="Select the rows that both scores have among their first",
                )
    _parts(
        "Quadrants, split at the middle rank",
        actions.comparisons.quadrant_words(comparison.short_title(a), comparison.short_title(b)),
        pair.quadrants,
        shown,
    )
    words = [zone.words for zone in Zone]
    _parts("Zones of difficulty and label evidence", words, actions.comparisons.zones(opened.view), shown, "zone")
    st.caption(
        "A quadrant holds a share of the rows whatever the data: look at its corner first. The zone likely mislabeled "
        "is the tenth of the rows with the weakest label evidence, of those at least as hard as the middle."
    )


def learning_plane(opened: Opened, shown: np.ndarray, height: int) -> bool:
    """The data map: confidence upwards, variability across; False (and what to do) without those scores."""
    data_map = cache.learning_map(opened.run.run_id, opened.at, opened.view)
    if data_map is None:
        messages.empty_state(
            "No data map",
            "It needs the scores Confidence and Variability, which come with a training of several epochs.",
            slot=slot("no_data_map"),
        )
        return False
    coords, regions = data_map
    name = f"{opened.run.run_id}/{opened.at}/data_map"
    layout = maps.MapLayout(name, coords, "Variability of p(label) over epochs", "Confidence: mean p(label)")
    colors = maps.MapColors.by_category(f"{name}/regions", "Region", regions, REGIONS)
    map_panel.draw_plane(opened, "learning_map", layout, colors, shown, height, f"{layout.x} across, {layout.y} up.")
    return True


def regions(opened: Opened, shown: np.ndarray) -> None:
    """The regions of the data map as buttons."""
    data_map = cache.learning_map(opened.run.run_id, opened.at, opened.view)
    if data_map is None:
        return
    _parts("Regions", REGIONS, data_map[1], shown)
    st.caption(
        "Ambiguous: the third of the rows with the most variability. Of the rest, rows of confidence 0.5 and more are "
        "easy to learn, the others hard to learn: wrong labels gather there (Swayamdipta et al. 2020)."
    )


def _parts(title: str, words: Sequence[str], codes: np.ndarray, shown: np.ndarray, key: str = "part") -> None:
    with st.container(key=f"facet_{key}s", border=True, gap="small"):
        st.html(f"<h4>{title}</h4>")
        for code, word in enumerate(words):
            rows = comparison.rows_with(codes, code, shown)
            st.button(
                f"{word} · {len(rows):,}",
                key=f"{key}_{code}",
                width="stretch",
                disabled=not len(rows),
                on_click=selection.chooser(rows),
                help="Select these rows: the map, the gallery and the table follow.",
            )
