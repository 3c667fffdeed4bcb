"""Files of what was recorded elsewhere, beside the inputs: named or dropped here, read with all of the data."""

from __future__ import annotations

import streamlit as st

from core.types.recorded import RecordedFiles
from dashboard.panels import upload
from dashboard.session import commands

_FIELDS = {
    "logits": ("Logits", "[epochs, N, classes] or [N, classes]: training dynamics of a model of yours"),
    "features": ("Last features", "[epochs, N, d]: what the last layer read when it made the logits"),
    "probabilities": ("Out-of-fold probabilities", "[N, classes], from models that did not see the row"),
    "embeddings": ("Embeddings", "[N, d]: vectors for neighbors, duplicates and the map"),
    "score_columns": ("Own scores", "A table with a column for each score of yours, and an id column"),
}
_TYPES = ["npy", "npz", "csv", "tsv", "parquet", "jsonl"]


def recorded_files() -> RecordedFiles:
    """A path or a dropped file for each kind; nothing of them is read here."""
    with st.expander("Recorded elsewhere: logits, probabilities, embeddings, own scores"):
        st.caption(
            "Joined to the examples by an id column, or row by row where there is none. They are read in a process of "
            "their own when you press Read all of it."
        )
        paths = {kind: _field(kind, *words) for kind, words in _FIELDS.items()}
        own = st.text_input(
            "Which columns are own scores (all of numbers when empty)",
            key="own_scores",
            placeholder="my_score, trust:low",
            help="NAME:low where low values are the suspicious ones; high values are otherwise.",
        )
    names = tuple(name.strip() for name in own.split(",") if name.strip())
    return RecordedFiles(**paths, own_scores=names)


def _field(kind: str, title: str, said: str) -> str | None:
    left, right = st.columns(2, gap="small")
    path = left.text_input(f"{title}: path", key=f"recorded_{kind}", help=said).strip()
    given = right.file_uploader(f"{title}: or upload", key=f"recorded_{kind}_file", type=_TYPES, help=said)
    if given is not None:
        return commands.attempt(lambda: str(upload.keep(given)))
    return path or None
