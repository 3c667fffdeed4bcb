"""Data: a path or an upload, the guess shown before anything is committed, the report card, the model."""

from __future__ import annotations

import streamlit as st

from core.types.errors import CurationError
from core.types.examples import Roles
from core.types.previews import SourcePreview
from core.types.runs import RunSpec
from dashboard.components import messages
from dashboard.components.display_text import shown_frame
from dashboard.panels import model_choice, recorded_files, report_card, roles_form, run_data, upload
from dashboard.session import cache, commands, error_boundary, new_source, state, url
from dashboard.session.slots import slot

_KINDS = {"": "guess", "image": "images", "text": "text", "table": "table", "trace": "recorded outputs"}


def render() -> None:
    """Left: where the data is and what its columns are. Right: five rows, the report card, the model.

    One source at a time: new data that a person asked to look at, else the data of the open run.
    """
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.html("<h2>Data</h2>")
        source = _source()
        if source is not None:
            modality, (labels, class_map), recorded = _kind(), _side_files(), recorded_files.recorded_files()
            with st.spinner("Looking at it in a process of its own"):
                try:
                    guessed = cache.preview(source, modality, Roles(), labels, cache.changed(source))
                    roles = roles_form.roles_form(guessed, source)
                    shown = cache.preview(source, modality, roles, labels, cache.changed(source))
                except CurationError as error:
                    upload.forget(source)
                    messages.error_box(error, slot=slot("preview_error"))
                    return
    with right:
        if source is None:
            error_boundary.alone(run_data.run_data)
            return
        _preview(shown)
        _commit(RunSpec(source, modality, roles, labels, class_map, recorded=recorded))


def _source() -> str | None:
    """The path of what a person asked to look at; None while nothing is. A path in the address is only filled in."""
    path = st.text_input(
        "Path on this machine, or the name of a sample",
        key="source",
        bind="query-params",
        placeholder="/data/reviews.csv, a folder of images, digits",
        on_change=lambda: _look(state.get("source", "")),
    ).strip()
    uploaded = st.file_uploader(
        "or upload (up to 200 MB)",
        key=f"uploaded_{state.get('upload_number', 0)}",
        type=["csv", "tsv", "parquet", "jsonl", "npz", "npy", "zip", "gz"],
        on_change=lambda: state.put("source", ""),
    )
    if uploaded is not None:
        return commands.attempt(lambda: str(upload.keep(uploaded)))
    if path and new_source.looked_at() == path:
        return path
    if path:
        st.button("Look at it", key="look", type="primary", on_click=_look, args=(path,))
        st.caption("Nothing was read yet. This path may come from a link that somebody sent.")
    else:
        messages.empty_state(
            "No new data chosen",
            "Give a path above, or drop a file here. Nothing is read beyond its first rows until you say so.",
            slot=slot("no_source"),
        )
    return None


def _look(path: str) -> None:
    commands.attempt(lambda: new_source.look_at(path.strip()))


def _kind() -> str | None:
    kind = st.segmented_control(
        "What an example is", list(_KINDS), format_func=_KINDS.__getitem__, default="", key="kind", required=True
    )
    return kind or None


def _side_files() -> tuple[str | None, str | None]:
    """Paths of a file with the labels and of one that names the classes."""
    is_given = url.is_given("labels_file", "class_map")  # what somebody sent is in sight before it is read
    with st.expander("Labels and class names in files of their own", expanded=is_given):
        labels = st.text_input(
            "Labels file (for recorded outputs)",
            key="labels_file",
            bind="query-params",
            placeholder="labels.csv, labels.npy, t10k-labels-idx1-ubyte.gz",
        )
        names = st.text_input(
            "Class names file",
            key="class_map",
            bind="query-params",
            placeholder="classes.json, classes.txt",
            help="Which class is which output of the model, recorded or your own: a JSON list of the names in the "
            "order of the outputs, or one name a line.",
        )
    return labels.strip() or None, names.strip() or None


def _preview(shown: SourcePreview) -> None:
    rows = f"{shown.rows:,} rows" if shown.rows is not None else "rows not counted yet"
    st.html("<h3>What Chaffinch sees</h3>")
    st.text(f"{shown.name} · {shown.modality.value} · {rows} · read as {shown.loader}")
    if len(shown.images):
        columns = st.columns(8, gap="small")
        for number, (column, image) in enumerate(zip(columns, shown.images, strict=False)):
            column.image(image, width="stretch", alt=f"Example {number + 1}")
    if shown.head is not None and len(shown.head):
        st.dataframe(shown_frame(shown.head), hide_index=True, width="stretch", alt="The first five rows")
    for note in shown.notes:
        st.text(note)


def _commit(draft: RunSpec) -> None:
    """The report card of all that the draft names, once a person asked for it; then the model."""
    changed = cache.changed(draft.source, draft.recorded)
    request = f"{draft.to_json()}|{changed}"
    st.button(
        "Read all of it",
        key="read_all",
        type="primary",
        help="Loads the dataset and writes its report card",
        on_click=state.put,
        args=("read_source", request),
    )
    if state.get("read_source") != request:
        st.caption(
            "Check the guess on the left first. Reading everything gives the report card; it starts no training."
        )
        return
    with st.spinner("Reading all of it in a process of its own"):
        try:
            report = cache.report(draft, changed)
        except CurationError:
            upload.forget(draft.source)
            raise
    report_card.report_card(report)
    model_choice.model_choice(draft, report)
