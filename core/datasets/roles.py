"""Which column plays which part: guesses that a person sees before anything is committed."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from pathlib import PurePath
from typing import Any

import pandas as pd

from core.types.examples import Modality, Roles

from .loader import Column
from .splits import split_of

NONE = "none"  # a person's word for "no column plays this part, do not guess"
GUESS_ROWS = 1000
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
_IDS = ("example_id", "id", "uid", "uuid", "guid", "row_id", "sample_id", "example id")
LABEL_NAMES = (
    "label",
    "labels",
    "given_label",
    "class",
    "target",
    "category",
    "y",
    "intent",
    "sentiment",
    "label_text",
    "class_name",
    "targets",
    "classes",
)
_SPLIT_NAMES = ("split", "subset", "partition", "set", "fold")
_GROUPS = ("group", "groups", "group_id", "patient_id", "subject_id", "session_id")
_TEXTS = (
    "text",
    "sentence",
    "content",
    "review",
    "question",
    "utterance",
    "tweet",
    "comment",
    "body",
    "message",
    "document",
    "prompt",
    "query",
)
_PATHS = ("path", "file", "filename", "file_name", "filepath", "image", "image_path", "img")
_NOT_A_LABEL = ("argmax", "pred", "suggest", "guess", "prob", "verdict", "index")


def guess_roles(frame: pd.DataFrame, given: Roles, modality: Modality) -> Roles:
    """`given` with its gaps filled from names and from the first 1,000 rows. "none" keeps a role empty."""
    head = frame.head(GUESS_ROWS)
    roles, refused = _refusals(given)
    taken = {v for v in (roles.id, roles.label, roles.text, roles.split, roles.group, roles.path) if v}

    def fill(role: str, guess: str | None) -> None:
        nonlocal roles
        if getattr(roles, role) is None and role not in refused and guess and guess not in taken:
            roles = _with(roles, role, guess)
            taken.add(guess)

    fill("id", _named(head, _IDS))
    fill("split", next((c for c in _matching(head, _SPLIT_NAMES) if _is_split(head[c])), None))
    fill("group", _named(head, _GROUPS))
    if modality is Modality.IMAGE:
        fill("path", guess_path(head))
    if modality is Modality.TEXT:
        fill("text", guess_text(head, taken))
    fill("label", guess_label(head, taken))
    if modality is Modality.TABLE and not roles.features:
        roles = replace(roles, features=tuple(c for c in frame.columns if c not in taken))
    return roles


def _refusals(given: Roles) -> tuple[Roles, set[str]]:
    refused = {r for r in ("id", "label", "text", "split", "group", "path") if getattr(given, r) in (NONE, "")}
    cleared = given
    for role in refused:
        cleared = _with(cleared, role, None)
    return cleared, refused


def _with(roles: Roles, role: str, column: str | None) -> Roles:
    changed: dict[str, Any] = {role: column}
    return replace(roles, **changed)


def _matching(frame: pd.DataFrame, names: tuple[str, ...]) -> list[str]:
    lower = {str(c).strip().lower(): str(c) for c in reversed(list(frame.columns))}
    return [lower[n] for n in names if n in lower]


def _named(frame: pd.DataFrame, names: tuple[str, ...]) -> str | None:
    return next(iter(_matching(frame, names)), None)


def _is_split(column: pd.Series) -> bool:
    words = {str(v) for v in column.unique() if str(v).strip()}
    return bool(words) and all(split_of(w) for w in words)


def guess_path(frame: pd.DataFrame) -> str | None:
    """The column whose values end like picture files."""
    for column in (*_matching(frame, _PATHS), *frame.columns):
        values = frame[column].astype(str)
        if len(values) and values.str.lower().str.endswith(IMAGE_SUFFIXES).mean() > 0.5:
            return str(column)
    return None


def guess_text(frame: pd.DataFrame, taken: Set[str] = frozenset()) -> str | None:
    """A column named like text, else the one with the most words a cell (at least four on average)."""
    for column in _matching(frame, _TEXTS):
        if column not in taken and not is_numeric(frame[column]):
            return column
    words = {str(c): _mean_words(frame[c]) for c in frame.columns if c not in taken}
    best = max(words, key=lambda c: words[c], default=None)
    return best if best is not None and words[best] >= 4 else None


def _mean_words(column: pd.Series) -> float:
    texts = column.astype(str)
    if texts.nunique() <= len(texts) / 2:
        return 0.0
    return float((texts.str.count(" ") + 1).mean())


def guess_label(frame: pd.DataFrame, taken: set[str]) -> str | None:
    """A column named like a label, else the last one with few distinct values, none of them fractions."""
    for column in _matching(frame, LABEL_NAMES):
        if column not in taken:
            return column
    named = [
        str(c)
        for c in frame.columns
        if "label" in str(c).lower() and c not in taken and not any(word in str(c).lower() for word in _NOT_A_LABEL)
    ]
    if named:  # several: a person must say which
        return named[0] if len(named) == 1 else None
    for column in reversed([str(c) for c in frame.columns]):
        odd = column in taken or any(word in column.lower() for word in _NOT_A_LABEL)
        if not odd and looks_like_classes(frame[column]):
            return column
        if not odd:
            return None  # only the last column that is free: anything further left is as likely a feature
    return None


def looks_like_classes(column: pd.Series) -> bool:
    """2 to 200 distinct values, each used twice on average at least, and no fractions among numbers."""
    values = [v for v in column.astype(str).unique() if v]
    if not 2 <= len(values) <= 200 or len(values) > len(column) / 2:
        return False
    return not (is_numeric(column) and any("." in v.rstrip("0").rstrip(".") for v in values))


def is_numeric(column: pd.Series) -> bool:
    """Whether every cell that holds something (other than ? or NA) is a number."""
    texts = column.astype(str)
    filled = texts[~texts.isin(("", "?", "NA", "N/A", "nan", "NaN", "null"))]
    return bool(len(filled)) and bool(pd.to_numeric(filled, errors="coerce").notna().all())


def guess_modality(frame: pd.DataFrame, given: Roles) -> Modality:
    """What a table of text cells is about: pictures, texts, or plain columns."""
    head = frame.head(GUESS_ROWS)
    if given.path not in (None, NONE, "") or (given.path is None and guess_path(head)):
        return Modality.IMAGE
    if given.text not in (None, NONE, ""):
        return Modality.TEXT
    if given.text is None and not given.features and guess_text(head, {given.label or "", given.id or ""}):
        return Modality.TEXT
    return Modality.TABLE


def describe(frame: pd.DataFrame) -> tuple[Column, ...]:
    """Name, kind in a word, and one value of each column."""
    return tuple(Column(str(c), _kind(str(c), frame[c].head(GUESS_ROWS)), _sample(frame[c])) for c in frame.columns)


def _kind(name: str, column: pd.Series) -> str:
    if is_numeric(column):
        return "number"
    if PurePath(str(column.iloc[0]) if len(column) else "").suffix.lower() in IMAGE_SUFFIXES:
        return "image path"
    if _mean_words(column) >= 4:
        return "text"
    return "category" if looks_like_classes(column) else "words"


def _sample(column: pd.Series) -> str:
    filled = column[column.astype(str) != ""]
    return str(filled.iloc[0])[:200] if len(filled) else ""
