"""What the database says, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.types.curation import Decision, Rules
from core.types.runs import RunState


@dataclass(frozen=True, eq=False)
class CurationState:
    """What people have decided about one run, as every session sees it. `rev` grows with each change."""

    rev: int = 0
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    rules: Rules | None = None
    selections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    can_undo: bool = False
    can_redo: bool = False


@dataclass(frozen=True)
class CurationEvent:
    """One saved change. `seq` orders events; clocks never do."""

    seq: int
    kind: str  # decide | rules | selection | undo | redo
    summary: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True)
class RunSummary:
    """One line of the list of runs. `last_change` is text for people ("3 minutes ago")."""

    run_id: str
    name: str
    modality: str
    rows: int
    state: RunState
    last_change: str
    path: Path
