"""The bar over every page: what is kept, what went wrong, the keys, and an eye on changes made elsewhere."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core import actions
from core.types.errors import CurationError
from dashboard.components import kept_bar, messages, theme
from dashboard.panels import keyboard, step_list
from dashboard.session import access, cache, commands, navigation, selection, state, url
from dashboard.session.current_run import Opened
from dashboard.session.fragments import fragment
from dashboard.session.slots import slot


def top_bar(opened: Opened | None, preparing: bool = False) -> None:
    """Kept, dropped, rarest class and noise of what is open, with Undo, Redo and Export. preparing: other data."""
    _exposed_banner()
    with st.container(key="bar", gap=None):
        summary = _kept_summary(opened, preparing) if opened else None
        kept_bar.kept_bar(summary, slot=slot("kept_bar"), on_press=lambda act: _press(opened, act))
    if opened is not None:
        messages.warnings(opened.run.warnings, key="run_warnings")
    _message()
    numbered = ((number, name) for name, number in step_list.NUMBERS.items() if number)
    steps = {number: name for number, name in numbered if not step_list.why_not(name, opened)}
    keyboard.keyboard(opened, steps)
    _watch(opened.run.run_id if opened else None, theme.is_dark())


def _exposed_banner() -> None:
    """The red banner of a server that answers to others than this machine."""
    problem = access.exposed()
    if problem is None:
        return
    messages.error_box(problem, slot=slot("exposed"))
    if access.can_log_in():
        st.button("Log in", key="log_in", type="primary", on_click=st.login)


def _press(opened: Opened | None, act: str) -> None:
    if act == "export":
        navigation.request_page("export")
    elif opened is not None:
        {"undo": commands.undo, "redo": commands.redo}[act](opened.run)


def _kept_summary(opened: Opened, preparing: bool) -> kept_bar.KeptSummary:
    counts = opened.outcome.counts
    hit = actions.outcomes.hardest_hit(opened.view, opened.outcome)
    noise = cache.noise(opened.run.run_id, opened.at, opened.view)
    return kept_bar.KeptSummary(
        kept=counts["kept"],
        rows=counts["rows"],
        class_name=hit.name,
        class_before=hit.before,
        class_after=hit.after,
        noise=None if noise is None else (noise.share, noise.low, noise.high, noise.accuracy),
        noise_help=noise.text if noise else "",
        selected=len(selection.selected()),
        can_undo=opened.curation.can_undo,
        can_redo=opened.curation.can_redo,
        resting=f"Still {opened.run.name}, not the new data:" if preparing else "",
    )


def _message() -> None:
    waiting = state.take_message()
    if waiting is None:
        return
    text, hint, level = waiting
    if not text:  # said by what follows
        return
    if level == "error":
        messages.error_box(CurationError(text, hint), slot=slot("message"))
    elif level == "loud":
        st.toast(messages.as_markdown(f"{text}. {hint}"), icon=":material/warning:", duration="infinite")
    else:
        st.toast(messages.as_markdown(text), icon=":material/check:")


@partial(fragment, run_every=3)
def _watch(run_id: str | None, dark: bool) -> None:
    """Draw the page again when the system's theme or the decisions were changed elsewhere."""
    if theme.is_dark() != dark:
        st.rerun()
    key = navigation.run_key()
    if key is not None and run_id is not None:
        _watch_other_tabs(key, run_id)


def _watch_other_tabs(key: str, run_id: str) -> None:
    url.confirm()
    run, _ = cache.run(key)
    try:
        rev = actions.curation.curation_revision(run, navigation.branch())
    except CurationError:  # the branch was renamed or removed elsewhere: the page says so when it is drawn again
        st.rerun()
    if rev != state.revision(run_id):
        state.saw_revision(run_id, rev)
        state.tell("Changed in another tab: this page now shows it.")
        st.rerun()
