"""Export: what will be written, what to know before, the files, and the line that verifies them."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from core import actions
from core.types.errors import CurationError
from core.types.exports import ExportOptions
from dashboard.components import messages
from dashboard.components.display_text import shown_frame
from dashboard.session import cache, commands, error_boundary, navigation, state
from dashboard.session.current_run import Opened, require_run
from dashboard.session.slots import slot
from dashboard.tables import row_table

_MANIFEST = "manifest.json"


@require_run("Nothing to export yet", "no_export")
def render(opened: Opened) -> None:
    """Left: checklist and where to. Right: the first rows of what is kept."""
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.html("<h2>Export</h2>")
        error_boundary.alone(_checklist, opened)
        error_boundary.alone(_write, opened)
    with right:
        error_boundary.alone(_preview, opened)


def _checklist(opened: Opened) -> None:
    counts = opened.outcome.counts
    st.text(
        f"{counts['kept']:,} of {counts['rows']:,} rows go into curated.csv; all {counts['rows']:,} into decisions.csv."
    )
    st.text(f"Dropped by: {actions.outcomes.sources_words(opened.outcome)}.")
    noise = cache.noise(opened.run.run_id, opened.at, opened.view)
    if noise:
        st.text(noise.text)
    with st.container(key="checklist", border=True, gap="small"):
        st.html("<h4>Before you write</h4>")
        lines = actions.exports.export_checklist(
            opened.run, opened.view, opened.rules, opened.curation.decisions, opened.outcome
        )
        for number, (light, words) in enumerate(lines):
            with st.container(horizontal=True, gap="small", key=f"check_{number}"):
                st.markdown(messages.light(light, ""), width="content")
                st.text(words)
        messages.warnings(opened.outcome.warnings, key="export_warnings")


def _write(opened: Opened) -> None:
    usual = actions.workspace.folder() / "exports" / actions.exports.export_name(opened.run, opened.curation.branch)
    folder = st.text_input("Folder", value=str(usual), key=f"out_{opened.curation.curation}")
    options = _options(opened)
    questions = actions.exports.questions(opened.view, opened.rules, opened.outcome)
    meant = _meant(opened, questions)
    st.button(
        "Write files",
        key="write_export",
        type="primary",
        on_click=_export,
        args=(opened, folder, replace(options, confirmed=bool(questions))),
        disabled=not meant,
    )
    written = state.get("exported")
    if written is None or written["change"] != opened.change:
        st.caption("The same rules always give the same bytes, here, on the command line and in Python.")
        return
    _written(opened, written, Path(written["folder"]))


def _meant(opened: Opened, questions: tuple[str, ...]) -> bool:
    """Whether files may be written: rules that keep nothing, everything, or empty a class must be meant."""
    for number, words in enumerate(questions):
        with st.container(horizontal=True, gap="small", key=f"question_{number}"):
            st.markdown(messages.light("red", ""), width="content")
            st.text(words)
    if not questions:
        return True
    with st.container(horizontal=True, gap="small", key="meant"):
        st.button("Open guardrails", key="open_guardrails", on_click=navigation.request_page, args=("rules",))
        return st.checkbox("That is meant: write it", key=f"meant_{opened.change}")


def _written(opened: Opened, written: dict[str, Any], out: Path) -> None:
    st.text(f"Written: {written['kept']:,} of {written['rows']:,} rows kept")
    if written["formulas"]:
        how = "have an apostrophe before them" if written["safe"] else "stand as in your data"
        st.text(f"{written['formulas']:,} cells of curated.csv begin as a formula does; they {how}.")
    st.code(f"python -m core verify {shlex.quote(str(out))}", language="bash", wrap_lines=True)
    with st.container(horizontal=True, gap="small", key="downloads"):
        for name in (name for name in _files() if (out / name).is_file()):
            st.download_button(
                name.rpartition("/")[2],
                data=(out / name).read_bytes,
                file_name=name.rpartition("/")[2],
                on_click="ignore",
                key=f"get_{name}",
                icon=":material/download:",
            )
    _verify(opened, out)


def _options(opened: Opened) -> ExportOptions:
    """How the files are written, as the boxes stand."""
    weight = _weight(opened)
    first, *others = actions.methods.formats()
    not_here = actions.exports.formats_for(opened.run, opened.view)
    said = {one.name: one for one in others if not not_here[one.name]}
    chosen = st.multiselect(
        "Beside CSV, for other tools",
        list(said),
        format_func=lambda name: said[name].title,
        key="export_formats",
        placeholder="none",
        help="Each is written from the same rows and verified with them.",
    )
    for why in dict.fromkeys(filter(None, not_here.values())):
        st.caption(why)
    for name in chosen:
        st.caption(f"{said[name].title}: {said[name].summary}")
    safe = st.checkbox("curated.csv safe for spreadsheets", key="spreadsheet_safe")
    if safe:
        cells = cache.formula_cells(opened.run.run_id, opened.at, opened.change, opened.view, opened.outcome)
        st.text(
            f"Puts an apostrophe before {cells:,} cells that a spreadsheet would run. A model trained on the file "
            "reads it, too: train on a file written without this."
        )
    return ExportOptions((first.name, *chosen), safe, sample_weight=weight)


def _weight(opened: Opened) -> str:
    """The weight for training that is chosen of those that this run can have, with what it amounts to."""
    missing = actions.exports.weights_for(opened.view)
    titles = {weight.name: weight.title for weight in actions.methods.weights() if not missing[weight.name]}
    weight = st.selectbox(
        "In training, sample_weight counts",
        list(titles),
        format_func=titles.__getitem__,
        key="sample_weight",
        help="A column of decisions.csv for the rows that stay: give it to your loss, or to a weighted sampler.",
    )
    st.caption(next(one.summary for one in actions.methods.weights() if one.name == weight))
    st.text(actions.exports.weighed_words(opened.view, opened.outcome, weight))
    for words in dict.fromkeys(filter(None, missing.values())):
        names = ", ".join(name for name, said in missing.items() if said == words)
        st.caption(f"Not offered: {names}. {words}")
    return weight


def _files() -> list[str]:
    """What an export may hold, in the order of the formats."""
    formats = actions.methods.formats()
    return [*dict.fromkeys([*formats[0].files, _MANIFEST, *(name for one in formats[1:] for name in one.files)])]


def _export(opened: Opened, folder: str, options: ExportOptions) -> None:
    report = commands.attempt(
        lambda: actions.exports.export_run(
            opened.run,
            opened.rules,
            opened.curation.decisions,
            Path(folder).expanduser(),
            branch=opened.curation.branch,
            options=options,
        )
    )
    if report is None:
        return
    counts = opened.outcome.counts
    state.put(
        "exported",
        {
            "change": opened.change,
            "folder": str(Path(folder).expanduser()),
            "kept": counts["kept"],
            "rows": counts["rows"],
            "formulas": report.formulas,
            "safe": report.safe,
        },
    )
    state.tell(f"Saved: {counts['kept']:,} rows in {folder}", "", "saved")


def _verify(opened: Opened, out: Path) -> None:
    if not st.button("Verify now", key="verify_now", help="File hashes, then the files written again from this run"):
        return
    try:
        for report in actions.exports.verify_export(out, opened.run.path, level=2):
            st.text(f"Level {report.level}: {report.text}")
    except CurationError as error:
        messages.error_box(error, slot=slot("verify_error"))


def _preview(opened: Opened) -> None:
    st.html("<h3>First rows of curated.csv</h3>")
    frame = shown_frame(row_table.kept_frame(opened, 200))
    st.dataframe(frame, hide_index=True, width="stretch", height=560, alt="Kept rows")
    st.caption(f"The first {min(200, opened.outcome.counts['kept'])} kept rows, in the order of the source.")
