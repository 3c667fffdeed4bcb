"""Why an example scores as it does: attribution, training curve, neighbors, influence. Each is drawn when opened."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core import actions
from dashboard import cache, drawing, state
from dashboard.components.attribution_plot import attribution_plot
from dashboard.components.neighbors import neighbors_strip
from dashboard.components.training_curve import training_curve
from dashboard.opened import Opened


def attribution(opened: Opened, row: int) -> None:
    """What in the input speaks for the predicted class; the method is chosen among those that fit the model."""
    methods = {method.name: method.title for method in actions.attribution_methods(opened.run)}
    if not methods:
        st.text("No method fits: this run kept no model.")
        return
    name = st.selectbox(
        "Method", list(methods), format_func=methods.__getitem__, key="attribution", label_visibility="collapsed"
    )
    with st.spinner("Asking the model"):
        found = cache.attribution(opened.run.run_id, row, name, opened.run)
    example, _ = cache.example_input(opened.run.run_id, row, opened.run)
    attribution_plot(
        found,
        key=f"attribution_{row}_{name}",
        image=example if isinstance(example, np.ndarray) else None,
        cells={k: drawing.cell_word(v) for k, v in example.items()} if isinstance(example, dict) else None,
    )


def curve(opened: Opened, row: int) -> None:
    """Belief in the given label over the epochs."""
    recorded = actions.training_curve(opened.run, row)
    if recorded is None:
        st.text("No training was recorded in this run.")
        return
    epochs, p_y, predicted = recorded
    training_curve(
        epochs,
        p_y,
        key=f"curve_{row}",
        predicted=predicted,
        class_names=opened.view.class_names,
        label=drawing.class_word(opened, int(opened.view.labels[row])),
    )


def neighbors(opened: Opened, row: int) -> None:
    """The ten nearest other examples in the label-free embedding."""
    rows, distances = actions.neighbors(opened.run, row, 10)
    _strip(opened, "Nearest by content", rows, [f"{d:.3g}" for d in distances], "neighbors")


def influence(opened: Opened, row: int) -> None:
    """The five training examples that helped this one most, and the five that harmed it most."""
    helped, harmed = cache.influential(opened.run.run_id, row, opened.run)
    notes = dict.fromkeys((*helped.notes, *harmed.notes))
    _strip(opened, "Helped most", helped.rows, [f"helped {v:.3g}" for v in helped.values], "helped")
    _strip(opened, "Harmed most", harmed.rows, [f"harmed {abs(v):.3g}" for v in harmed.values], "harmed")
    st.caption(
        " ".join(["Helped: training on it made the given label of this example likelier. Harmed: less likely.", *notes])
    )


def _strip(opened: Opened, title: str, rows: Sequence[int] | np.ndarray, captions: list[str], name: str) -> None:
    tiles = [drawing.tile(opened, int(r), "") for r in rows]
    clicked = neighbors_strip(title, tiles, key=f"strip_{name}", captions=captions, size=56)
    if clicked is not None and state.is_new(f"strip_{name}", (state.focused(), clicked)):
        state.focus(str(opened.view.ids[clicked]))
        st.rerun()
