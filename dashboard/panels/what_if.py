"""What if a word were left out, a patch covered, a cell different: asked of the model, kept nowhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core import actions
from core.types.attributions import Edit
from core.types.figures import cell
from dashboard.components.before_after import before_after
from dashboard.components.toggle_parts import toggle_blocks, toggle_words
from dashboard.panels import explained_class
from dashboard.session import cache, explainer, state
from dashboard.session.current_run import Opened
from dashboard.session.fragments import fragment
from dashboard.session.slots import slot

MOST_LEVELS = 200  # of a column that a list can be scrolled through


@fragment
def what_if(opened: Opened, row: int) -> None:
    """Edit the example as the model reads it and see its judgement before and after. A fragment: the page stays."""
    example, problem = cache.example_input(opened.run, row)
    if example is None:
        st.text(problem)
        return
    edit = _edit(opened, row, example)
    named = json.dumps([edit.without, edit.covered, dict(edit.cells)], default=str)
    with st.spinner("Asking the model"):
        answer = explainer.what_if(opened.run.run_id, row, named, opened.run, edit)
    explained_class.line(opened, row, answer, key=f"what_if_whose_{row}")
    before_after(answer, key=f"before_after_{row}", watched=explained_class.watched(opened, row))


def _edit(opened: Opened, row: int, example: Any) -> Edit:
    about = f"{opened.run.run_id}/{row}"
    if isinstance(example, str):
        st.caption("Press a word to leave it out, again to put it back. Arrows move, Space presses.")
        places = actions.explanations.word_places(opened.run, row)
        return Edit(without=toggle_words(example, places, slot=slot(f"without_{row}"), about=about))
    if isinstance(example, Mapping):
        return Edit(cells=_cells(opened, row, example))
    st.caption("Press or drag over blocks to cover them with the mean image. Arrows move, Space presses.")
    blocks = actions.explanations.image_blocks(*np.asarray(example).shape[:2])
    columns = int(blocks[0].max()) + 1
    rows = int(blocks.max() + 1) // columns
    return Edit(covered=toggle_blocks(np.asarray(example), rows, columns, slot=slot(f"cover_{row}"), about=about))


def _cells(opened: Opened, row: int, example: Mapping[str, Any]) -> dict[str, Any]:
    """The cells that differ from what the row holds."""
    chosen = st.multiselect("Cells to change", list(example), key=f"cells_{row}", placeholder="Choose a column")
    changed = {}
    for name in chosen:
        value = _cell(opened, row, name, example[name])
        if not _same(value, example[name]):
            changed[name] = value
    return changed


def _cell(opened: Opened, row: int, name: str, now: Any) -> Any:
    """A field that starts with what the row holds. Its default is nothing, so that it can be cleared: missing."""
    values, key = opened.run.inputs()[0][name], f"cell_{row}_{name}"
    absent = now is None or now != now
    if pd.api.types.is_numeric_dtype(values):
        state.once(key, lambda: None if absent else float(now))
        span = f"The data holds {cell(values.min())} to {cell(values.max())}. Empty: missing."
        return st.number_input(name, value=None, key=key, help=span, placeholder="missing")
    levels = sorted({str(value) for value in values.dropna().unique()})[:MOST_LEVELS]
    state.once(key, lambda: None if absent else str(now))
    if not absent and str(now) not in levels:
        levels = [str(now), *levels]
    return st.selectbox(name, levels, index=None, key=key, placeholder="missing", help="Clear it for missing.")


def _same(value: Any, now: Any) -> bool:
    absent = now is None or now != now
    return value is None if absent else value is not None and value == now
