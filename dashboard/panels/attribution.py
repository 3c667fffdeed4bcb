"""Why this prediction: attribution with a switch of methods, its gap, its lights, and concepts where there are any."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import actions
from core.types.attributions import Attribution
from core.types.figures import cell
from dashboard.components.attribution_plot import attribution_lights, attribution_plot
from dashboard.components.concept_profile import concept_profile
from dashboard.panels import explained_class
from dashboard.session import cache, explainer
from dashboard.session.current_run import Opened
from dashboard.session.fragments import fragment


@fragment
def attribution(opened: Opened, row: int) -> None:
    """What in the input speaks for a class, at first the suggested one; the methods are those that fit the model."""
    methods = {method.name: method.title for method in actions.explanations.attribution_methods(opened.run)}
    if not methods:
        st.text("No method fits: this run kept no model.")
        return
    name = st.selectbox(
        "Method", list(methods), format_func=methods.__getitem__, key="attribution", label_visibility="collapsed"
    )
    target = explained_class.target(opened, row)
    with st.spinner("Asking the model"):
        explained_class.line(opened, row, explained_class.as_it_is(opened, row), key=f"why_whose_{row}")
        result = explainer.attribution(opened.run, row, name, target=target)
    shown = _concept(result, row)
    drawn = explainer.attribution(opened.run, row, name, target=target, show=shown) if shown else result
    _plot(opened, row, drawn, f"{name}_{shown}_{target}")
    with st.spinner("Checking whether to believe it"):
        lights = explainer.checks(opened.run.run_id, row, name, target, opened.run)
        attribution_lights(lights, key=f"lights_{row}_{name}")
    if result.concepts:
        concept_profile(result.concepts, result.size, lambda other: _image(opened, other), key=f"concepts_{row}")


def _concept(explanation: Attribution, row: int) -> int:
    """The number of the concept that the heat map shows, 0 for all."""
    if not explanation.concepts:
        return 0
    numbers = range(len(explanation.concepts) + 1)
    words = ("All concepts", *(str(number) for number in numbers[1:]))
    return st.pills("Heat map of", list(numbers), format_func=words.__getitem__, default=0, key=f"concept_{row}") or 0


def _plot(opened: Opened, row: int, explanation: Attribution, name: str) -> None:
    example, _ = cache.example_input(opened.run, row)
    attribution_plot(
        explanation,
        key=f"attribution_{row}_{name}",
        image=example if isinstance(example, np.ndarray) else None,
        cells={k: cell(v) for k, v in example.items()} if isinstance(example, dict) else None,
    )


def _image(opened: Opened, row: int) -> np.ndarray | None:
    example, _ = cache.example_input(opened.run, row)
    return example if isinstance(example, np.ndarray) else None
