"""Which column plays which part: guessed, shown, and settable."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from core.datasets import SourcePreview
from core.types.examples import Modality, Roles

_NONE = "(none)"
_PARTS = {
    Modality.IMAGE: ("inputs", "path", "label", "id", "split", "group"),
    Modality.TEXT: ("text", "label", "id", "split", "group"),
    Modality.TABLE: ("label", "id", "split", "group"),
    Modality.TRACE: ("inputs", "label", "id", "split"),
}
_WORDS = {
    "inputs": "Arrays with the examples",
    "path": "Image path",
    "label": "Label",
    "id": "Id",
    "split": "Split",
    "group": "Group",
    "text": "Text",
}


def roles_form(preview: SourcePreview, source: str) -> Roles:
    """A select box per role, starting from the guess; columns left over are features of a table."""
    st.html("<h3>Columns</h3>")
    names = [_NONE, *(column.name for column in preview.columns)]
    chosen: dict[str, Any] = {}
    columns = st.columns(2, gap="small")
    for number, part in enumerate(_PARTS[preview.modality]):
        guess = getattr(preview.roles, part)
        if guess is not None and guess not in names:
            names.append(guess)
        value = columns[number % 2].selectbox(
            _WORDS[part], names, index=names.index(guess or _NONE), key=f"role_{part}_{source}"
        )
        chosen[part] = None if value == _NONE else value
    guessed = {part: getattr(preview.roles, part) for part in chosen}
    if chosen == guessed:
        return Roles()
    used = set(chosen.values())
    features = tuple(name for name in preview.roles.features if name not in used)
    return replace(Roles(features=features), **chosen)
