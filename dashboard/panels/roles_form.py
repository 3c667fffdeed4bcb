"""Which column plays which part: guessed, shown, and settable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from core.types.examples import NO_COLUMN, Modality, Roles
from core.types.previews import SourcePreview

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
    return roles_of(preview, chosen)


def roles_of(preview: SourcePreview, chosen: Mapping[str, str | None]) -> Roles:
    """What was chosen as roles; an emptied role stays empty instead of being guessed again.

    Left as guessed, nothing is fixed. In a table a column without a part is a feature, other than one named as ids.
    """
    if chosen == {part: getattr(preview.roles, part) for part in chosen}:
        return Roles()
    roles: dict[str, Any] = {
        part: NO_COLUMN if value is None and part != "inputs" else value for part, value in chosen.items()
    }
    if preview.modality != Modality.TABLE:
        return replace(Roles(), **roles)
    used = {*chosen.values(), preview.roles.id}
    return replace(Roles(features=tuple(c.name for c in preview.columns if c.name not in used)), **roles)
