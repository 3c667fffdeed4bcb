"""What the last change of rules moved, and which weight would move how many rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from core import actions
from core.types.curation import Rules
from dashboard.components import table
from dashboard.components.neighbors import neighbors_strip
from dashboard.session import cache, navigation, selection, state
from dashboard.session.current_run import Opened
from dashboard.session.slots import slot
from dashboard.tables import comparison, example_tiles, flip_risks

_STRIP = 12  # tiles: about one line on a laptop's screen


def changed(opened: Opened) -> None:
    """Rows on another side than under the rules before, with the same decisions; each way selectable."""
    st.html("<h4>Changed side with the last change of rules</h4>")
    rules = _before(opened)
    if rules is None:
        st.caption("Nothing yet: move a weight, a cut or a guardrail, and the rows that it moves stand here.")
        return
    name = f"{opened.curation.stamp}-{rules!r}"
    before = cache.outcome(opened.run.run_id, opened.at, name, opened.view, rules, opened.curation)
    gone, back = actions.outcomes.changed_side(before, opened.outcome)
    st.text(f"{len(gone):,} rows are dropped now and were kept, {len(back):,} are kept now and were dropped.")
    for title, rows, key in (("Dropped now", gone, "gone"), ("Kept now", back, "back")):
        if len(rows):
            _moved(opened, title, rows, key)


def _before(opened: Opened) -> Rules | None:
    """The rules that this session showed before these, in this branch; None while it has shown no others."""
    shown = state.once("rules_shown", dict)
    key, rules = state.curation_key(opened.run.run_id), opened.rules
    before, now = shown.get(key, (None, rules))
    shown[key] = (before, now) if now == rules else (now, rules)
    return shown[key][0]


def _moved(opened: Opened, title: str, rows: np.ndarray, key: str) -> None:
    tiles = [example_tiles.tile(opened, int(row)) for row in rows[:_STRIP]]
    clicked = neighbors_strip(title, tiles, slot=slot(f"changed_{key}"), size=60)
    st.button(
        f"Select these {len(rows):,} in Explore",
        key=f"select_{key}",
        on_click=_selecting(rows),
    )
    if clicked is not None:
        navigation.open_example(str(opened.view.ids[clicked]))
        navigation.request_page("explore")
        st.rerun()


def _selecting(rows: np.ndarray) -> Callable[[], None]:
    choose = selection.chooser(rows)

    def chosen() -> None:
        choose()
        navigation.request_page("explore")

    return chosen


def risks(opened: Opened) -> None:
    """How many rows other seeds might decide otherwise, and a button that selects them."""
    st.html("<h4>What other seeds would change</h4>")
    unstable = flip_risks.unstable(opened)
    count = len(unstable.rows)
    st.text(unstable.text)
    st.button(f"Select these {count:,}", key="select_unstable", disabled=not count, on_click=_selecting(unstable.rows))


def weights(opened: Opened) -> None:
    """How many rows change side when one weight moves by a quarter; worked out when asked for."""
    st.html("<h4>Which weight decides</h4>")
    if not st.toggle("Show how many rows each weight flips", key="weight_effects"):
        return
    effects = cache.weight_effects(
        opened.run.run_id, opened.at, opened.change, opened.view, opened.rules, opened.curation
    )
    if not effects:
        st.text("A single score decides: its weight changes nothing.")
        return
    frame = comparison.effects_frame(effects)
    table.table(
        frame,
        key="effects",
        rows=range(len(frame)),
        height="content",
        numbers=("Now",),
        chosen=None,
        alt="Rows that change side when one weight moves",
    )
    st.caption(
        "Rows that change side when this weight alone moves by 0.25 (not below 0). Weights of scores share out their "
        "group; a group's only score is left out."
    )
