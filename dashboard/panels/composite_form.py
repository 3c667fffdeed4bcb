"""How scores become one number: the goal, how each is made comparable, how their groups are joined."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from core import actions
from core.types.curation import Rules
from core.types.methods import Goal, Method
from dashboard.session import commands, state
from dashboard.session.current_run import Opened

_AGGREGATOR_HELP = (
    "Scores are averaged inside each group of evidence first; this joins the groups. While a slider is dragged the map "
    "follows at once for the mean of ranks; for everything else it is drawn when you let go."
)


def composite_form(opened: Opened) -> None:
    """Every choice is saved at once."""
    rules = opened.rules
    goals = {goal.value: goal.words for goal in Goal}
    _choice(opened, "Goal", goals, rules.goal, "goal", actions.rules.with_goal)
    left, right = st.columns(2, gap="small")
    with left:
        _choice(
            opened,
            "Join groups by",
            _titles(actions.methods.aggregators()),
            rules.aggregator,
            "aggregator",
            _setting("aggregator"),
            _AGGREGATOR_HELP,
        )
    with right:
        _choice(
            opened,
            "Compare scores",
            _titles(actions.methods.transforms()),
            rules.transform,
            "transform",
            _setting("transform"),
            "What makes scores of different units comparable before they are averaged.",
        )
    with st.container(horizontal=True, gap="small", key="rank_within"):
        key = f"within_{opened.curation.stamp}"
        st.toggle(
            "Rank within each class",
            value=rules.within_class,
            key=key,
            on_change=_set,
            args=(opened, key, _setting("within_class")),
        )


def _titles(registered: tuple[Method, ...]) -> dict[str, str]:
    return {one.name: one.title for one in registered}


def _choice(
    opened: Opened,
    title: str,
    words: Mapping[str, str],
    now: str,
    name: str,
    change: Callable[[Rules, Any], Rules],
    about: str | None = None,
) -> None:
    key = f"{name}_{opened.curation.stamp}"
    st.selectbox(
        title,
        list(words),
        index=list(words).index(now),
        format_func=words.__getitem__,
        key=key,
        on_change=_set,
        args=(opened, key, change),
        help=about,
    )


def _setting(field: str) -> Callable[[Rules, Any], Rules]:
    return lambda rules, value: replace(rules, preset=None, **{field: value})


def _set(opened: Opened, key: str, change: Callable[[Rules, Any], Rules]) -> None:
    commands.save_rules(opened.run, change(opened.rules, state.get(key)))
