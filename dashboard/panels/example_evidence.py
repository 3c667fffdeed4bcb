"""Evidence about one example: training curve, neighbors, near-duplicates, influence. Drawn when opened."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core import actions
from core.types.figures import digits
from dashboard.components.neighbors import neighbors_strip
from dashboard.components.training_curve import training_curve
from dashboard.session import cache, navigation
from dashboard.session.current_run import Opened
from dashboard.session.slots import slot
from dashboard.tables import example_tiles


def curve(opened: Opened, row: int) -> None:
    """Belief in the given label over the epochs."""
    recorded = actions.examples.training_curve(opened.run, row)
    if recorded is None:
        st.text("No training was recorded in this run.")
        return
    if opened.view.labels[row] < 0:
        st.text("No label was given: there is no belief in it to draw.")
        return
    epochs, p_y, predicted = recorded
    if not np.isfinite(p_y).all():
        st.text("The model's outputs for this row are not finite: there is no belief to draw.")
        return
    training_curve(
        epochs,
        p_y,
        key=f"curve_{row}",
        predicted=predicted,
        class_names=opened.view.class_names,
        label=example_tiles.class_word(opened, int(opened.view.labels[row])),
    )


def neighbors(opened: Opened, row: int) -> None:
    """The ten nearest other examples in the label-free embedding."""
    rows, distances = actions.examples.neighbors(opened.run, row, 10)
    _strip(opened, "Nearest by content", rows, [digits(d, 3) for d in distances], "neighbors")


def near_duplicates(opened: Opened, row: int) -> None:
    """The other rows of its near-duplicate group, as the guardrail that keeps the best of each group sees them."""
    similarity = opened.rules.guardrails.duplicate_similarity
    rows, similar = actions.examples.near_duplicates(opened.view, row, similarity)
    own = int(opened.view.labels[row])
    words = ["linked through others" if np.isnan(s) else f"similarity {s:.3f}" for s in similar]
    other = int((opened.view.labels[rows] != own).sum())
    title = f"Similarity of at least {similarity:g}"
    _strip(opened, title, rows, words, "duplicates", "None: no row is as similar as that.")
    if other:
        st.caption(f"{other} of {len(rows)} carry another label than this one: one of the labels is probably wrong.")


def influence(opened: Opened, row: int) -> None:
    """The five training examples that helped this one most, and the five that harmed it most."""
    helped, harmed = cache.influential(opened.run.run_id, row, opened.run)
    notes = dict.fromkeys((*helped.notes, *harmed.notes))
    _strip(opened, "Helped most", helped.rows, [f"helped {digits(v, 3)}" for v in helped.values], "helped")
    _strip(opened, "Harmed most", harmed.rows, [f"harmed {digits(abs(v), 3)}" for v in harmed.values], "harmed")
    st.caption(
        " ".join(["Helped: training on it made the given label of this example likelier. Harmed: less likely.", *notes])
    )


def _strip(
    opened: Opened, title: str, rows: Sequence[int] | np.ndarray, captions: list[str], name: str, empty: str = "None."
) -> None:
    tiles = [example_tiles.tile(opened, int(r), "") for r in rows]
    clicked = neighbors_strip(title, tiles, slot=slot(f"strip_{name}"), captions=captions, size=56, empty=empty)
    if clicked is not None:
        navigation.focus(str(opened.view.ids[clicked]))
        st.rerun()
