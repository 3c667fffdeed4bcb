"""Branches of a curation: which one is looked at, a new one, and what two of them treat differently."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import streamlit as st

from core import actions
from core.types.branches import MAIN
from core.types.errors import CurationError
from dashboard.components import messages, table
from dashboard.session import cache, commands, navigation, selection, state, url_widgets
from dashboard.session.current_run import Opened, beside
from dashboard.session.slots import slot
from dashboard.tables import branches


def menu(opened: Opened) -> None:
    """In the sidebar: the branch of this page, and in a popover the others and what can be done with this one."""
    here = opened.curation.branch
    with st.popover(f"Branch: {here}", width="stretch", key="branch_menu"):
        st.caption("A branch has its own rules, decisions, selections and undo. Nothing done here changes another.")
        for number, branch in enumerate(actions.branches.list_branches(opened.run)):
            st.button(
                f"{branch.name} (this page)" if branch.name == here else branch.name,
                key=f"branch_{number}",
                disabled=branch.name == here,
                width="stretch",
                on_click=_switch,
                args=(opened, branch.name),
                help=f"Made from {branch.origin}" if branch.origin else "The first branch",
            )
        _new(opened, here)
        if here != MAIN:
            _this(opened, here)
        _removed(opened)
        st.button("Compare two branches", key="compare_branches", type="tertiary", on_click=_compare)


def _new(opened: Opened, here: str) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="new_branch_line"):
        name = st.text_input(f"New branch from {here}", key="branch_name", placeholder="its name", max_chars=80)
        st.button("Make", key="branch_make", disabled=not name.strip(), on_click=_make, args=(opened, name, here))


def _this(opened: Opened, here: str) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="this_branch_line"):
        to = st.text_input("Rename this branch", value=here, key=f"branch_to_{here}", max_chars=80)
        same = to.strip() in ("", here)
        st.button("Rename", key="branch_rename", disabled=same, on_click=_rename, args=(opened, here, to))
        st.button(
            "Remove",
            key="branch_remove",
            on_click=_remove,
            args=(opened, here),
            help="Takes it off the list; it can be brought back.",
        )


def _removed(opened: Opened) -> None:
    for branch in actions.branches.list_branches(opened.run, removed=True):
        with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"gone_{branch.curation}"):
            st.text(f"{branch.name} (removed)", width="stretch")
            st.button("Restore", key=f"restore_{branch.curation}", on_click=_restore, args=(opened, branch.curation))


def _switch(opened: Opened, name: str) -> None:
    if commands.attempt(lambda: actions.branches.use_branch(opened.run, name)) is not None:
        navigation.switch_branch(name)


def _make(opened: Opened, name: str, origin: str) -> None:
    token = state.token(f"branch-{opened.run.run_id}")
    made = commands.attempt(
        lambda: actions.branches.make_branch(opened.run, name, origin, token=token), f"branch-{opened.run.run_id}"
    )
    if made is not None:
        navigation.switch_branch(made.name)
        state.put("branch_name", "")
        state.tell(f"Branch “{made.name}” made: changes now go there", "", "saved")


def _rename(opened: Opened, here: str, to: str) -> None:
    renamed = commands.attempt(lambda: actions.branches.rename_branch(opened.run, here, to))
    if renamed is not None:
        navigation.switch_branch(renamed.name)
        state.tell(f"Branch “{here}” is now “{renamed.name}”", "", "saved")


def _remove(opened: Opened, here: str) -> None:
    def call() -> bool:
        actions.branches.remove_branch(opened.run, here)
        return True

    if commands.attempt(call):
        navigation.switch_branch(MAIN)
        state.tell(f"Branch “{here}” removed; its menu can restore it", "", "saved")


def _restore(opened: Opened, curation: str) -> None:
    back = commands.attempt(lambda: actions.branches.restore_branch(opened.run, curation))
    if back is not None:
        state.tell(f"Branch “{back.name}” is back", "", "saved")


def _compare() -> None:
    navigation.show_pane("pane", "branches")
    navigation.request_page("compare")


def comparison(opened: Opened) -> None:
    """This branch against another: counts, the rows between them as selections, by class and by zone."""
    others = [b.name for b in actions.branches.list_branches(opened.run) if b.name != opened.curation.branch]
    if not others:
        messages.empty_state(
            "One branch only",
            "Make another one in the menu “Branch” at the left, change its rules or decisions, and come back.",
            slot=slot("one_branch"),
        )
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="against_line"):
        st.text(f"“{opened.curation.branch}” (this page) against")
        other = st.selectbox(
            "Against",
            others,
            label_visibility="collapsed",
            width=240,
            **url_widgets.sticky_choice("against", others, others[0]),
        )
    try:
        a = beside(opened, other)
    except CurationError as error:
        messages.error_box(error, slot=slot("against_error"))
        return
    differing = cache.branch_comparison(
        opened.run.run_id, opened.at, a.change, opened.change, opened.view, a.outcome, opened.outcome
    )
    st.text(branches.counts_words(a, opened))
    _row_buttons(branches.differences(differing, other, opened.curation.branch))
    left, right = st.columns(2, gap="small")
    with left:
        st.html("<h4>By class</h4>")
        frame = branches.side_frame("Class", [*opened.view.class_names, "no label"], differing.by_class, other, opened)
        _table(frame, "branch_classes", "Rows of each class that the branches keep")
    with right:
        st.html("<h4>By zone</h4>")
        names = [zone.words for zone in differing.zones]
        frame = branches.side_frame("Zone", names, differing.by_zone, other, opened)
        _table(frame, "branch_zones", "Rows of each zone that the branches keep")


def _table(frame: pd.DataFrame, key: str, alt: str) -> None:
    height: int | Literal["content"] = "content" if len(frame) <= 16 else 520
    table.table(frame, key=key, rows=range(len(frame)), height=height, chosen=None, alt=alt)


def _row_buttons(sets: dict[str, np.ndarray]) -> None:
    with st.container(horizontal=True, gap="small", key="branch_rows"):
        for number, (words, rows) in enumerate(sets.items()):
            st.button(
                f"{words}: {len(rows):,}",
                key=f"branch_rows_{number}",
                disabled=not len(rows),
                on_click=selection.chooser(rows),
                help="Select these rows",
            )
