"""The next round: score again under one's decisions, answers from a file, decisions of other runs of the same data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import streamlit as st

from core import actions
from core.types.curation import Action, Change
from core.types.errors import CurationError
from core.types.rounds import Offer
from core.types.runs import RunSpec
from dashboard.components import messages
from dashboard.components.display_text import shown_frame
from dashboard.panels import upload
from dashboard.session import commands, navigation, state
from dashboard.session.slots import slot

_SHOWN = 8  # answers of a file that are shown before they are applied


def next_round(run: actions.runs.Run, start: Callable[[RunSpec], None]) -> None:
    """Left: score again with what was decided. Right: answers and decisions from elsewhere."""
    left, right = st.columns(2, gap="medium")
    with left:
        _again(run, start)
        _parent(run)
    with right:
        _answers(run)
        _offers(run)


def _again(run: actions.runs.Run, start: Callable[[RunSpec], None]) -> None:
    decisions = actions.curation.curation_state(run, navigation.branch()).decisions
    counts = Counter(decision.action for decision in decisions.values())
    st.text(
        f"{len(decisions):,} decisions: {counts[Action.RELABEL]:,} relabeled, {counts[Action.DROP]:,} dropped, "
        f"{counts[Action.KEEP]:,} kept."
    )
    st.button(
        "Score again with my decisions",
        key="score_again",
        type="primary",
        disabled=not decisions,
        on_click=_start,
        args=(run, start),
        help="A new run: labels and drops lie over the data, the file stays as it is. What no label decides is taken "
        "from this run, and your decisions come along.",
    )


def _start(run: actions.runs.Run, start: Callable[[RunSpec], None]) -> None:
    spec = commands.attempt(lambda: actions.rounds.with_decisions(run.spec, run, navigation.branch()))
    if spec is not None:
        start(spec)


def _parent(run: actions.runs.Run) -> None:
    overlay = run.spec.overlay
    if not overlay:
        return
    taken = run.card.get("taken_over", {"arrays": (), "scores": ()})
    st.text(f"This run is under the {overlay.words}.")
    st.text(f"Taken from that run, not made again: {', '.join((*taken['arrays'], *taken['scores'])) or 'nothing'}.")
    st.button("Compare with it", key="compare_parent", on_click=_compare, args=(overlay.parent,))


def _compare(other: str) -> None:
    navigation.show_pane("pane", "runs")
    navigation.show_pane("earlier", other)
    navigation.request_page("compare")


def _answers(run: actions.runs.Run) -> None:
    number = state.get("answers_number", 0)
    given = st.file_uploader(
        "Answers from a file: a CSV (example_id, action or label), or JSON of Label Studio",
        key=f"answers_{number}",
        type=["csv", "tsv", "json"],
    )
    if given is None:
        return
    try:
        path = upload.keep(given)
        changes = actions.curation.planned_answers(run, path)
    except CurationError as error:
        messages.error_box(error, slot=slot("answers_error"))
        return
    counts = Counter(change.action.value for change in changes.values() if change.action)
    st.text(f"{len(changes):,} answers: {', '.join(f'{n:,} {word}' for word, n in counts.items())}.")
    frame = _frame(run, changes)
    st.dataframe(shown_frame(frame), hide_index=True, height="content", width="stretch", alt="The first answers")
    st.button(
        f"Apply all {len(changes):,}",
        key="apply_answers",
        on_click=_apply,
        args=(run, path),
        help="One undo takes back all",
    )


def _frame(run: actions.runs.Run, changes: Mapping[str, Change]) -> pd.DataFrame:
    examples, first = run.examples, list(changes.items())[:_SHOWN]
    names = [*examples.class_names, ""]  # -1, no label, is the last
    codes = dict(zip(examples.ids.tolist(), examples.labels.tolist(), strict=True))
    return pd.DataFrame(
        {
            "example": [key for key, _ in first],
            "label now": [names[codes[key]] for key, _ in first],
            "answer": [change.action.value if change.action else "note" for _, change in first],
            "new label": [change.label or "" for _, change in first],
        }
    )


def _apply(run: actions.runs.Run, path: Path) -> None:
    name = f"answers-{run.run_id}"
    token, branch = state.token(name), navigation.branch()
    done = commands.attempt(lambda: actions.curation.decide_from(run, path, token=token, branch=branch), name)
    if done is not None:
        state.put("answers_number", state.get("answers_number", 0) + 1)
        state.tell(f"{len(done[1]):,} answers applied; one undo takes them back", "", "saved")


def _offers(run: actions.runs.Run) -> None:
    for number, offer in enumerate(offer for offer in actions.rounds.offers(run) if offer.new):
        with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"offer_{number}"):
            note = "" if offer.same_data else " Another file of the same name."
            st.text(f"{offer.words}.{note}", width="stretch")
            st.button("Take over", key=f"take_over_{number}", on_click=_take_over, args=(run, offer))


def _take_over(run: actions.runs.Run, offer: Offer) -> None:
    name = f"carried-{run.run_id}"
    token, branch = state.token(name), navigation.branch()

    def call() -> str:
        other = actions.runs.open_run(offer.run_id)
        return actions.rounds.carry_over(run, other, token=token, branch=branch)[1].words

    said = commands.attempt(call, name)
    if said is not None:
        state.tell(said, "", "saved")
