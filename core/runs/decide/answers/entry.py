"""What a file of answers is read by, and what it says of one example."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from core.types.curation import Action
from core.types.methods import Method


@dataclass(frozen=True)
class Answer:
    """What was said of one example: an action, or a label alone, which keeps or relabels it."""

    example_id: str
    action: Action | None = None
    label: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class AnswerSource(Method):
    """A registered kind of file. recognizes: by its name and first bytes. read: raises `DataError` naming the place.

    ids: of all its rows, those without an answer, too.
    """

    recognizes: Callable[[Path], bool] = field(repr=False)
    read: Callable[[Path], Iterable[Answer]] = field(repr=False)
    ids: Callable[[Path], Iterable[str]] = field(repr=False)
