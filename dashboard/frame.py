"""What surrounds every step: the steps at the left, the bar that is always visible, messages, the look."""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from core import actions
from core.curation.warnings import hardest_hit
from core.types.errors import CurationError
from dashboard.components import assets, kept_bar, messages, theme
from dashboard.components.display_text import shown
from dashboard.panels import branches, keyboard
from dashboard.session import access, cache, commands, state, url
from dashboard.session.current_run import Opened
from dashboard.session.fragments import fragment

_ASSETS = Path(__file__).parent / "assets"
ICON = str(_ASSETS / "icon.png")  # a file of ours: a symbol's name would be fetched from the network
_NUMBERS = {
    "start": "",
    "data": "1",
    "scores": "2",
    "explore": "3",
    "compare": "",
    "rules": "4",
    "check": "5",
    "export": "6",
    "methods": "",
}


_frozen: list[int] = []  # how many modules were loaded when the collector was last told to leave them alone


def spare_the_collector() -> None:
    """Keep modules out of Streamlit's full garbage collection after every run: it takes 150 ms on them, and for so long
    nothing is sent to the page. Called at the start of a run, just after such a collection: no garbage is kept.
    """
    if _frozen != [len(sys.modules)]:
        _frozen[:] = [len(sys.modules)]
        gc.freeze()


def style() -> None:
    """The workspace look: edge to edge, small headings, tabular figures."""
    theme.apply_page_style()
    sheets = ("workspace.css", "dark.css") if theme.is_dark() else ("workspace.css",)
    css = "\n".join((_ASSETS / sheet).read_text(encoding="utf-8") for sheet in sheets)
    st.html(f"<style>{css.ljust(assets.CACHED_FROM)}</style>")
    assets.share_code()


def steps(
    pages: Mapping[str, StreamlitPage], here: StreamlitPage, opened: Opened | None, problem: CurationError | None
) -> None:
    """Links to all steps; those that cannot be entered yet are disabled and say why."""
    with st.sidebar:
        st.html("<div class='brand'>Chaffinch</div>")
        for name, page in pages.items():
            reason = _why_not(name, opened)
            with st.container(key=f"step_{name}{'_here' if page.url_path == here.url_path else ''}", gap=None):
                st.page_link(
                    page,
                    label=f"{_NUMBERS[name]}  {page.title}".strip(),
                    disabled=bool(reason),
                    help=reason or None,
                    query_params=state.address(),
                )
                if reason:
                    st.text(reason)
        with st.container(key="summary", gap=None):
            _summary(opened, problem)


def _why_not(name: str, opened: Opened | None) -> str:
    if name in ("explore", "compare", "rules", "check", "export") and opened is None:
        return "Needs a run with a finished score."
    if name == "scores" and opened is None and not state.current_run() and not state.get("draft_spec"):
        return "Needs data: a sample, yours, or a run."
    return ""


def _summary(opened: Opened | None, problem: CurationError | None) -> None:
    if opened is None:
        waiting = "No score of this run is finished yet." if state.current_run() else "Nothing open yet."
        st.text(waiting if problem is None else "This run cannot be read.")
        return
    examples = opened.run.examples
    held_out = len(opened.view.held_out_rows)
    st.text(shown(examples.name))
    st.text(f"{len(examples):,} rows, {examples.class_count} classes")
    st.text(f"{held_out:,} held out (locked)" if held_out else "no held-out rows")
    st.text(f"{examples.modality.value} · {len(opened.run.score_names)} scores")
    count = len(opened.curation.decisions)
    st.text(f"Saved: {count:,} decision{'s' * (count != 1)}, revision {opened.curation.rev}")
    branches.menu(opened)


def bar(opened: Opened | None, preparing: bool = False) -> None:
    """Kept, dropped, rarest class and noise of what is open, with Undo, Redo and Export. preparing: other data."""
    _exposed()
    with st.container(key="bar", gap=None):
        summary = _kept_summary(opened, preparing) if opened else None
        kept_bar.kept_bar(summary, key="kept_bar", on_press=lambda act: _press(opened, act))
    if opened is not None:
        messages.warnings(opened.run.warnings, key="run_warnings")
    _message()
    steps = {number: name for name, number in _NUMBERS.items() if number and not _why_not(name, opened)}
    keyboard.keyboard(opened, steps)
    _watch(opened.run.run_id if opened else None, theme.is_dark())


def _exposed() -> None:
    """The red banner of a server that answers to others than this machine."""
    problem = access.exposed()
    if problem is None:
        return
    messages.error_box(problem, key="exposed")
    if access.can_log_in():
        st.button("Log in", key="log_in", type="primary", on_click=st.login)


def _press(opened: Opened | None, act: str) -> None:
    if act == "export":
        state.follow("export")
    elif opened is not None:
        {"undo": commands.undo, "redo": commands.redo}[act](opened.run)


def _kept_summary(opened: Opened, preparing: bool) -> kept_bar.KeptSummary:
    counts = opened.outcome.counts
    hit = hardest_hit(opened.view, opened.outcome)
    noise = cache.noise(opened.run.run_id, opened.at, opened.view)
    return kept_bar.KeptSummary(
        kept=counts["kept"],
        rows=counts["rows"],
        class_name=hit.name,
        class_before=hit.before,
        class_after=hit.after,
        noise=None if noise is None else (noise.share, noise.low, noise.high, noise.accuracy),
        noise_help=noise.text if noise else "",
        selected=len(state.selection()),
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
        messages.error_box(CurationError(text, hint), key="message")
    elif level == "loud":
        st.toast(messages.as_markdown(f"{text}. {hint}"), icon=":material/warning:", duration="infinite")
    else:
        st.toast(messages.as_markdown(text), icon=":material/check:")


@partial(fragment, run_every=3)
def _watch(run_id: str | None, dark: bool) -> None:
    """Draw the page again when the system's theme or the decisions were changed elsewhere."""
    if theme.is_dark() != dark:
        st.rerun()
    key = state.current_run()
    if key is not None and run_id is not None:
        _watch_other_tabs(key, run_id)


def _watch_other_tabs(key: str, run_id: str) -> None:
    url.confirm()
    run, _ = cache.run(key)
    try:
        rev = actions.curation.curation_revision(run, state.branch())
    except CurationError:  # the branch was renamed or removed elsewhere: the page says so when it is drawn again
        st.rerun()
    if rev != state.revision(run_id):
        state.saw_revision(run_id, rev)
        state.tell("Changed in another tab: this page now shows it.")
        st.rerun()
