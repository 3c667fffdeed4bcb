"""Which column plays which part: guesses that a person sees before anything is committed."""

from __future__ import annotations

import math
from collections.abc import Callable, Set
from dataclasses import replace
from typing import Any

import pandas as pd

from core.types.examples import NO_COLUMN, Modality, Roles
from core.types.previews import Column

from .splits import split_of

GUESS_ROWS = 1000  # a file is guessed alike whether a look or the whole of it was read
_COLUMN_ROLES = ("id", "label", "text", "split", "group", "path")
_FEWEST_ROWS, _MOST_CELLS = 50, 1_000_000
NO_NUMBER = ("", "?", "NA", "N/A", "nan", "NaN", "null")
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
_IDS = ("example_id", "id", "uid", "uuid", "guid", "row_id", "sample_id", "example id")
_PERHAPS_IDS = (
    "ids",
    "example_ids",
    "sample_ids",
    "doc_id",
    "document_id",
    "record_id",
    "item_id",
    "image_id",
    "text_id",
    "sentence_id",
    "tweet_id",
    "question_id",
    "review_id",
)
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


class Head(dict[str, list[str]]):
    """The first cells of each column, as many as guessing needs: fewer rows where there are very many columns."""

    @classmethod
    def of(cls, frame: pd.DataFrame | Head) -> Head:
        """The head of a table of text."""
        if isinstance(frame, Head):
            return frame
        rows = max(_FEWEST_ROWS, min(GUESS_ROWS, _MOST_CELLS // max(len(frame.columns), 1)))
        columns = frame.head(rows).to_numpy(dtype=object).T.tolist()
        return cls({str(n): list(map(str, cells)) for n, cells in zip(frame.columns, columns, strict=True)})


def guess_roles(frame: pd.DataFrame, given: Roles, modality: Modality, head: Head | None = None) -> Roles:
    """`given` with its gaps filled from names and from the first 1,000 rows. "none" keeps a role empty."""
    head = Head.of(frame) if head is None else head
    roles, refused = _refusals(given)
    taken = {column for role in _COLUMN_ROLES if (column := getattr(roles, role))}
    for role in (
        r for r in _GUESSERS if getattr(roles, r) is None and r not in refused and _is_guessed_in(r, modality)
    ):
        column = _GUESSERS[role](frame, head, taken)
        if column and column not in taken:
            roles = _with(roles, role, column)
            taken.add(column)
    return _with_features(frame, roles, taken) if modality is Modality.TABLE else roles


def _with_features(frame: pd.DataFrame, roles: Roles, taken: Set[str]) -> Roles:
    return replace(roles, features=roles.features or tuple(c for c in frame.columns if c not in taken))


def _is_guessed_in(role: str, modality: Modality) -> bool:
    """Images need paths, texts a text; the other roles are guessed whatever the data is."""
    return {"path": Modality.IMAGE, "text": Modality.TEXT}.get(role, modality) is modality


def _refusals(given: Roles) -> tuple[Roles, set[str]]:
    refused = {role for role in _COLUMN_ROLES if getattr(given, role) in (NO_COLUMN, "")}
    cleared = given
    for role in refused:
        cleared = _with(cleared, role, None)
    return cleared, refused


def _with(roles: Roles, role: str, column: str | None) -> Roles:
    changed: dict[str, Any] = {role: column}
    return replace(roles, **changed)


def _matching(head: Head, names: tuple[str, ...]) -> list[str]:
    lower = {name.strip().lower(): name for name in reversed(head)}
    return [lower[n] for n in names if n in lower]


def _named(head: Head, names: tuple[str, ...]) -> str | None:
    return next(iter(_matching(head, names)), None)


def _unique_id(frame: pd.DataFrame, head: Head) -> str | None:
    """A column that is an id by its name and by its cells: filled, and all different. A repeated one names a group."""
    for name in _matching(head, _PERHAPS_IDS):
        cells = frame[name]
        if cells.is_unique and all(str(cell).strip() for cell in cells):
            return name
    return None


def _split_column(head: Head) -> str | None:
    return next((column for column in _matching(head, _SPLIT_NAMES) if _is_split(head[column])), None)


def _is_split(cells: list[str]) -> bool:
    words = {cell for cell in cells if cell.strip()}
    return bool(words) and all(split_of(w) for w in words)


def looks_like_ids(name: str, also: str | None = None) -> bool:
    """Whether a column of this name holds ids; also: a name that is known to."""
    return name == also or name.strip().lower() in (*_IDS, *_PERHAPS_IDS)


def guess_path(frame: pd.DataFrame) -> str | None:
    """The column whose values end like image files."""
    return _path_column(Head.of(frame))


def _path_column(head: Head) -> str | None:
    for column in (*_matching(head, _PATHS), *head):
        cells = head[column]
        if sum(cell.lower().endswith(IMAGE_SUFFIXES) for cell in cells) * 2 > len(cells):
            return column
    return None


def _text_column(head: Head, taken: Set[str] = frozenset()) -> str | None:
    """A column named like text, else the one with the most words a cell (at least four on average)."""
    for column in _matching(head, _TEXTS):
        if column not in taken and not is_numeric(head[column]):
            return column
    words = {c: _mean_words(cells) for c, cells in head.items() if c not in taken}
    best = max(words, key=lambda c: words[c], default=None)
    return best if best is not None and words[best] >= 4 else None


def _mean_words(cells: list[str]) -> float:
    if len(set(cells)) <= len(cells) / 2:
        return 0.0
    return sum(cell.count(" ") + 1 for cell in cells) / len(cells)


def _label_column(head: Head, taken: Set[str]) -> str | None:
    """A column named like a label, else the last one with few distinct values, none of them fractions."""
    for column in _matching(head, LABEL_NAMES):
        if column not in taken:
            return column
    free = [column for column in head if column not in taken and not _is_no_label(column)]
    named = [column for column in free if "label" in column.lower()]
    if named:  # several: a person must say which
        return named[0] if len(named) == 1 else None
    # Only the last column that is free: anything further left is as likely a feature.
    return free[-1] if free and looks_like_classes(head[free[-1]]) else None


def _is_no_label(name: str) -> bool:
    return any(word in name.lower() for word in _NOT_A_LABEL)


def looks_like_classes(cells: list[str]) -> bool:
    """2 to 200 distinct values, each used twice on average at least, and no fractions among numbers."""
    values = {v for v in cells if v}
    if not 2 <= len(values) <= 200 or len(values) > len(cells) / 2:
        return False
    return not (is_numeric(cells) and any("." in v.rstrip("0").rstrip(".") for v in values))


def is_numeric(cells: list[str]) -> bool:
    """Whether every cell that holds something (other than ? or NA) is a number."""
    filled = set(cells).difference(NO_NUMBER)
    return bool(filled) and all(map(_is_number, filled))


def _is_number(text: str) -> bool:
    """As pandas reads numbers: it takes no underscores and no digits of other scripts."""
    try:
        return not math.isnan(float(text)) and text.isascii() and "_" not in text
    except ValueError:
        return False


# In the order of how sure a guess is: a column that plays one part plays no other.
_GUESSERS: dict[str, Callable[[pd.DataFrame, Head, Set[str]], str | None]] = {
    "id": lambda frame, head, taken: _named(head, _IDS) or _unique_id(frame, head),
    "split": lambda frame, head, taken: _split_column(head),
    "group": lambda frame, head, taken: _named(head, _GROUPS),
    "path": lambda frame, head, taken: _path_column(head),
    "text": lambda frame, head, taken: _text_column(head, taken),
    "label": lambda frame, head, taken: _label_column(head, taken),
}


def guess_modality(frame: pd.DataFrame, given: Roles) -> Modality:
    """What a table of text cells is about: images, texts, or plain columns."""
    head = Head.of(frame)
    if given.path not in (None, NO_COLUMN, "") or (given.path is None and _path_column(head)):
        return Modality.IMAGE
    if given.text not in (None, NO_COLUMN, ""):
        return Modality.TEXT
    if given.text is None and not given.features and _text_column(head, {given.label or "", given.id or ""}):
        return Modality.TEXT
    return Modality.TABLE


def describe(frame: pd.DataFrame | Head) -> tuple[Column, ...]:
    """Name, kind in a word, and one value of each column."""
    return tuple(Column(name, _kind(cells), _sample(cells)) for name, cells in Head.of(frame).items())


def _kind(cells: list[str]) -> str:
    if is_numeric(cells):
        return "number"
    if cells and cells[0].lower().endswith(IMAGE_SUFFIXES):
        return "image path"
    if _mean_words(cells) >= 4:
        return "text"
    return "category" if looks_like_classes(cells) else "words"


def _sample(cells: list[str]) -> str:
    return next((cell for cell in cells if cell), "")[:200]
