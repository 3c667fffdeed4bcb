"""Start: try a bundled dataset, open one's own, or go on with a run."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import actions
from core.types.previews import SampleCard
from core.types.runs import RunSummary
from dashboard.components.display_text import shown_frame
from dashboard.components.warm_up import warm_up
from dashboard.panels import sample_strip
from dashboard.session import cache, commands, error_boundary, navigation, state
from dashboard.session.fragments import fragment

_VERBS = {
    "image": ("Try images", ":material/image:"),
    "text": ("Try text", ":material/notes:"),
    "table": ("Try a table", ":material/table_rows:"),
}


def render() -> None:
    """Cards of the samples, the way to one's own data, and the runs of this workspace."""
    with st.container(key="hello", gap=None):
        st.html("<h1>Which training examples matter?</h1>")
        st.text("Score every example, see why, decide what stays, export a file that reproduces itself.")
    with st.container(key="cards"):
        columns = st.columns(4, gap="small")
        for column, card in zip(columns, cache.samples(str(actions.workspace.folder())), strict=False):
            with column:
                _sample(card)
        with columns[3]:
            _own_data()
    error_boundary.alone(_resume)
    fragment(warm_up)()


def _sample(card: SampleCard) -> None:
    verb, icon = _VERBS.get(card.modality, (card.title, None))
    with st.container(key=f"card_{card.name}", border=True, gap="small", height="stretch"):
        st.html(f"<h3>{verb}</h3>")
        st.text(f"{card.name} · {card.rows:,} rows · already scored")
        sample_strip.sample_strip(card.name)
        with st.container(key=f"faults_{card.name}", height="stretch"):
            st.text(card.faults)
        st.button(
            "Explore it",
            key=f"try_{card.name}",
            icon=icon,
            width="stretch",
            type="primary",
            on_click=_open,
            args=(card.name,),
        )


def _own_data() -> None:
    with st.container(key="card_own", border=True, gap="small", height="stretch"):
        st.html("<h3>Open my data</h3>")
        st.text("CSV, Parquet, JSONL, NPZ, or a folder of images per class.")
        with st.container(key="faults_own", height="stretch"):
            st.text(
                "Columns are guessed and shown before anything starts. No model at hand: logits per epoch, "
                "probabilities or embeddings will do. Nothing leaves this machine."
            )
        st.button(
            "Choose data",
            key="open_own",
            icon=":material/folder_open:",
            width="stretch",
            on_click=navigation.request_page,
            args=("data",),
        )


def _resume() -> None:
    st.html("<h3>Resume</h3>")
    runs = actions.runs.list_runs()
    if not runs:
        st.text("No runs of your own yet. They appear here with what you decided, also after a crash.")
        return
    chosen = st.dataframe(
        _frame(runs),
        key="runs",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        placeholder="–",
        alt="Runs of this workspace, the last changed first",
    )
    rows = chosen["selection"]["rows"]
    if rows and state.is_new("resumed", runs[rows[0]].run_id):
        _open(runs[rows[0]].run_id, "scores" if runs[rows[0]].state not in ("finished", "incomplete") else "explore")
        st.rerun()
    st.caption("Choose a row to go on with it.")


def _frame(runs: list[RunSummary]) -> pd.DataFrame:
    names, kinds, rows, states = zip(*(_line(r) for r in runs), strict=True)
    return shown_frame(
        pd.DataFrame(
            {
                "Name": names,
                "Kind": kinds,
                "Rows": pd.array(rows, "Int64"),
                "State": states,
                "Last change": [r.last_change for r in runs],
                "Run": [r.run_id for r in runs],
            }
        )
    )


def _line(listed: RunSummary) -> tuple[str, str, int | None, str]:
    """Name, kind, rows and state; a run that cannot be read says so on its own line, the others stay."""
    try:
        full = actions.runs.listed_in_full(listed)
        return full.name, full.modality, full.rows or None, str(full.state)
    except Exception as error:  # one bad folder, or a bug met in it, hides none of the other runs
        return listed.name, listed.modality, None, f"cannot be read: {error_boundary.words(error)}"


def _open(key: str, step: str = "explore") -> None:
    commands.open_run(key)
    navigation.request_page(step)
