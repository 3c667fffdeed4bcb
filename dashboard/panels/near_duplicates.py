"""The question about near-duplicates: so many rows that nothing is dropped before a person has answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core import actions
from core.types.curation import Guardrails, NearDuplicates
from dashboard.session import commands, navigation, selection, state
from dashboard.session.current_run import Opened

# Above the 0.99 that rules begin with; finer towards 1, where one step is many rows.
_STEPS = (0.992, 0.994, 0.996, 0.998, 0.999, 0.9995, 0.9999, 1.0)


def question(opened: Opened) -> None:
    """How many rows look alike, and the four answers; nothing where nobody has to be asked."""
    alike = opened.outcome.near_duplicates
    if alike is None:
        return
    with st.container(key="alike", border=True, horizontal=True, gap="small", vertical_alignment="center"):
        st.text(words(alike))
        for title, key, call, about in (
            ("Show them", "alike_show", _show, "Select the rows that look like another one, in Explore."),
            ("Raise", "alike_raise", _raise, f"The lowest similarity at which {alike.limit:.0%} or fewer are alike."),
            ("Leave them", "alike_leave", _leave, "Keep them; rows of equal content still count as duplicates."),
            ("Drop all but the best", "alike_drop", _drop, "Of each group of rows that look alike the best one stays."),
        ):
            st.button(title, key=key, on_click=call, args=(opened, alike), help=about)


def words(alike: NearDuplicates) -> str:
    """The count, and that it is a question."""
    return (
        f"{alike.rows:,} rows ({alike.share:.0%}) look alike at {alike.similarity:g}, which says little for an "
        "embedding that nobody calibrated: none of them was dropped for it."
    )


def other_warnings(opened: Opened) -> Sequence[str]:
    """The warnings without the one that the question says already."""
    question = opened.outcome.near_duplicates
    return [line for line in opened.outcome.warnings if question is None or line != question.text]


def _show(opened: Opened, alike: NearDuplicates) -> None:
    selection.choose(actions.examples.rows_alike(opened.view, alike.similarity), "replace")
    navigation.request_page("explore")


def _raise(opened: Opened, alike: NearDuplicates) -> None:
    """The lowest step at which nobody would be asked: more similar is never more rows, so half the steps are enough."""
    steps = [step for step in _STEPS if step > alike.similarity]
    low, high = 0, len(steps)
    while low < high:
        middle = (low + high) // 2
        if actions.outcomes.asked_about_alike(opened.view, _at(opened, steps[middle])) is None:
            high = middle
        else:
            low = middle + 1
    if low == len(steps):
        hint = "Leave them, or drop all but the best."
        state.tell("Even at a similarity of 1 so many rows are alike.", hint, "error")
    else:
        _save(opened, _at(opened, steps[low]), f"Saved: near-duplicates from a similarity of {steps[low]:g}")


def _leave(opened: Opened, _: NearDuplicates) -> None:
    _save(opened, replace(opened.rules.guardrails, duplicates="exact"), "Saved: rows that look alike stay")


def _drop(opened: Opened, alike: NearDuplicates) -> None:
    guard = replace(opened.rules.guardrails, duplicates="keep_best_agreed")
    _save(opened, guard, f"Saved: of rows alike at {alike.similarity:g} the best one stays")


def _at(opened: Opened, similarity: float) -> Guardrails:
    return replace(opened.rules.guardrails, duplicates="keep_best", duplicate_similarity=similarity)


def _save(opened: Opened, guard: Guardrails, message: str) -> None:
    commands.save_rules(opened.run, replace(opened.rules, guardrails=guard), message)
