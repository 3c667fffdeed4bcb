"""Branches of a run and what people have decided in one, as every session sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .curation import Decision, Rules

MAIN = "main"  # the branch that every run has


@dataclass(frozen=True, eq=False)
class CurationState:
    """What people have decided in one branch of a run, as every session sees it. `rev` grows with each change.

    curation: the branch's key in the decision log; with `rev` it names this state among all states of all branches.
    """

    rev: int = 0
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    rules: Rules | None = None
    selections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    can_undo: bool = False
    can_redo: bool = False
    branch: str = MAIN
    curation: str = ""

    @property
    def stamp(self) -> str:
        """Names this state: equal text, equal decisions, rules and selections."""
        return f"{self.curation}@{self.rev}"


@dataclass(frozen=True)
class CurationEvent:
    """One saved change. `seq` orders events; clocks never do."""

    seq: int
    kind: str  # decide | rules | selection | undo | redo
    summary: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True)
class Branch:
    """One way to curate a run. curation: its key in the decision log; origin: the branch it was made from."""

    name: str
    curation: str
    origin: str = ""
