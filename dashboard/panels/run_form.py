"""Which scores to compute, with which settings: drawn from the registry, so that a new score appears by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, fields, replace
from itertools import groupby

import streamlit as st

from core import actions
from core.types.runs import RunSpec, ScorePlan
from dashboard.components import params_form


def run_form(spec: RunSpec, plan: Sequence[ScorePlan], start: Callable[[RunSpec], None]) -> None:
    """A check box per score and its settings behind it; what cannot run here is disabled and says why."""
    why_not = {p.name: "" if p.runs else p.why_not for p in plan}
    families = [
        (group, list(methods))
        for group, methods in groupby(
            sorted(actions.methods.scores(), key=lambda m: m.group.value), key=lambda m: m.group.value
        )
    ]
    columns = st.columns(3, gap="medium")
    chosen: dict[str, dict] = {}
    for number, (group, methods) in enumerate(families):
        with columns[number % 3]:
            st.html(f"<h4>{group.replace('_', ' ').capitalize()}</h4>")
            for method in methods:
                chosen.update(_one(method, spec, why_not.get(method.name, "")))
    own = _own_scores(plan)
    settings = {name: params for name, params in chosen.items() if params}
    chosen_spec = replace(spec, scores=_names(chosen, why_not), score_params=settings)
    st.button(
        f"Start scoring ({len(chosen) + len(own)} scores)",
        key="start_run",
        type="primary",
        disabled=not chosen and not own,
        on_click=start,
        args=(chosen_spec,),
    )
    st.caption("Runs in a process of its own: you may close this page. Each finished score appears at once.")


def _names(chosen: dict[str, dict], why_not: dict[str, str]) -> tuple[str, ...]:
    """What was chosen; all that can be computed is the word that the command line has for it."""
    every = tuple(method.name for method in actions.methods.scores())
    names = tuple(name for name in every if name in chosen)
    return ("all",) if names == tuple(name for name in every if not why_not.get(name)) else names


def _own_scores(plan: Sequence[ScorePlan]) -> list[str]:
    """Names of the person's own scores, which need no choice: they are there already."""
    ours = {method.name for method in actions.methods.scores()}
    own = [line.name for line in plan if line.name not in ours]
    if own:
        st.text(f"Your own scores, ranked and combined like these: {', '.join(own)}")
    return own


def _one(method: actions.methods.ScoreMethod, spec: RunSpec, why_not: str) -> dict[str, dict]:
    preselected = "all" in spec.scores or method.name in spec.scores
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"score_{method.name}"):
        on = st.checkbox(
            method.title,
            value=preselected and not why_not,
            disabled=bool(why_not),
            help=f"{method.summary} Cost: {method.cost}",
            key=f"use_{method.name}",
            width="stretch",
        )
        value = None
        if fields(method.params) and not why_not:
            with st.popover("settings", type="tertiary"):
                value = params_form.params_form(method.params, key=f"params_{method.name}", columns=1)
    if why_not:
        st.caption(why_not)
    if not on or why_not:
        return {}
    default = method.params()
    return {method.name: {} if value is None or value == default else asdict(value)}
