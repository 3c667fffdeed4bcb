"""Which rows stay when the rules keep a fraction: the registered strategies, each with its own form."""

from __future__ import annotations

from dataclasses import asdict

import streamlit as st

from core import actions
from core.types.params import params_from_dict
from dashboard.components.params_form import params_form
from dashboard.session import commands, state
from dashboard.session.current_run import Opened


def strategy(opened: Opened) -> None:
    """A choice from the registry and the settings of the chosen one."""
    rules = opened.rules
    known = {method.name: method for method in actions.methods.strategies()}
    with st.container(key="strategy", border=True, gap="small"):
        st.selectbox(
            "Strategy",
            list(known),
            index=list(known).index(rules.strategy),
            key=f"strategy_{opened.curation.stamp}",
            format_func=lambda name: known[name].title,
            on_change=_choose,
            args=(opened,),
        )
        method = known[rules.strategy]
        st.caption(method.summary)
        now = params_from_dict(method.params, rules.strategy_params)
        chosen = params_form(method.params, key=f"strategy_{rules.strategy}_{opened.curation.stamp}", value=now)
        if chosen is not None and chosen != now:
            commands.save_rules(opened.run, actions.rules.with_strategy(rules, rules.strategy, asdict(chosen)))
            st.rerun()


def _choose(opened: Opened) -> None:
    name = state.get(f"strategy_{opened.curation.stamp}")
    method = next(m for m in actions.methods.strategies() if m.name == name)
    commands.save_rules(
        opened.run, actions.rules.with_strategy(opened.rules, name, asdict(method.params())), f"Saved: {method.title}"
    )
