"""Whose prediction is explained: the one shown beside the example, the given label, or what the asked model says."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.types.attributions import Edit, Judgement, WhatIf
from core.types.figures import probability
from dashboard.components import messages
from dashboard.components.nodes import node, show_nodes
from dashboard.session import explainer
from dashboard.session.current_run import Opened
from dashboard.tables import example_tiles

SUGGESTED, GIVEN, PREDICTED = "suggested", "given", "predicted"


def classes(opened: Opened, row: int) -> dict[str, int]:
    """The classes that can be explained by name, those that models and people gave the row; codes."""
    view = opened.view
    suggested = {} if view.predicted is None else {SUGGESTED: int(view.predicted[row])}
    return {name: code for name, code in {**suggested, GIVEN: int(view.labels[row])}.items() if code >= 0}


def target(opened: Opened, row: int) -> str:
    """A switch; what the attribution is to explain. The prediction shown comes first: people ask about that one."""
    named = classes(opened, row)
    words = {name: f"{name}: {example_tiles.class_word(opened, code)}" for name, code in named.items()}
    words[PREDICTED] = "what this model predicts"
    chosen = st.segmented_control(
        "Explained class",
        list(words),
        default=next(iter(words)),
        required=True,
        format_func=lambda name: messages.as_markdown(words[name]),
        key=f"explained_{row}",
        label_visibility="collapsed",
        help="Suggested: the prediction shown above. Given: the label in the data. Or what the explained model says.",
    )
    code = named.get(chosen or "")
    return PREDICTED if code is None else f"class:{example_tiles.class_word(opened, code)}"


def as_it_is(opened: Opened, row: int) -> WhatIf:
    """The explained model's judgement of the example with nothing changed."""
    return explainer.what_if(opened.run.run_id, row, "", opened.run, Edit())


def line(opened: Opened, row: int, what_if: WhatIf, *, key: str) -> None:
    """Who says what: the model that is asked here, and those that did not see the row."""
    show_nodes(node("p", "soft", words_of(opened, row, what_if.model, what_if.before)), key=key)


def words_of(opened: Opened, row: int, model: str, judgement: Judgement) -> str:
    """`The run's network (saw this row) says neutral (0.49); models that did not see it say positive (0.78).`"""
    view = opened.view
    saw = "did not see this row" if view.held_out[row] or view.labels[row] < 0 else "saw this row"
    first = f"{model[:1].upper()}{model[1:]} ({saw}) says {judgement.predicted} ({probability(judgement.probability)})"
    if view.predicted is None or view.predicted[row] < 0:
        return f"{first}."
    sure = "" if view.predicted_prob is None else f" ({probability(view.predicted_prob[row])})"
    others = "models that did not see it say" if view.predicted_how == "out_of_fold" else "all seeds together say"
    return f"{first}; {others} {example_tiles.class_word(opened, int(view.predicted[row]))}{sure}."


def watched(opened: Opened, row: int) -> Mapping[str, int]:
    """Title -> code of the classes whose probability a what-if follows."""
    named = classes(opened, row)
    return {f"{name.capitalize()}, {example_tiles.class_word(opened, code)}": code for name, code in named.items()}
