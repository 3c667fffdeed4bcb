"""What a hand-over format is, what it may read, and what it answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from core.curation import ScoreView
from core.types.curation import Decision, Outcome, Rules
from core.types.examples import Modality
from core.types.methods import Method

from ..curated_table import curated_columns
from ..decisions_table import decision_columns
from ..table import Column
from ..weights import sample_weights


@dataclass(frozen=True, eq=False)
class RunFacts:
    """What formats read of a run beside its rows as rules see them.

    kinds: Arrow types that the person's columns have in their source. text: the column that holds the texts.
    map_points: [N, 2] the run's map, None without one. read_input: row -> its input (an image as uint8 [H, W, C]), or
    None where it cannot be read. image_file: row -> the file of its image, None for an entry of an array. in_folder:
    whether these files lie in a folder of the person's own, where links to them last.
    """

    kinds: Mapping[str, Any] = field(default_factory=dict)
    modality: Modality = Modality.TABLE
    text: str | None = None
    map_points: np.ndarray | None = None
    read_input: Callable[[int], Any] = lambda row: None
    image_file: Callable[[int], Path | None] = lambda row: None
    in_folder: bool = False


@dataclass(frozen=True, eq=False)
class HandOver:
    """One export: its rows, what was decided about them, and the columns of both its tables.

    columns: the person's own, pandas DataFrame with N rows, or None. weight: for training, by its name.
    of_curated: the columns of curated.csv as they were read, where the run is not at hand.
    """

    view: ScoreView
    rules: Rules
    decisions: Mapping[str, Decision]
    outcome: Outcome
    columns: Any
    weight: str = ""
    facts: RunFacts = field(default_factory=RunFacts)
    of_curated: list[Column] | None = None

    @cached_property
    def curated(self) -> list[Column]:
        """The kept rows with the person's own columns."""
        if self.of_curated is not None:
            return self.of_curated
        return curated_columns(self.view, self.outcome, self.columns, self.facts.kinds)

    @cached_property
    def decided(self) -> list[Column]:
        """Every row, what became of it and why."""
        return decision_columns(self.view, self.rules, self.decisions, self.outcome, self.weights)

    @cached_property
    def weights(self) -> np.ndarray:
        """float32 [N], for training: 0 for rows that are not trained on."""
        return sample_weights(self.view, self.outcome, self.weight)

    @cached_property
    def kept_rows(self) -> np.ndarray:
        """int64 rows that stay, ascending."""
        return np.flatnonzero(self.outcome.kept)

    @cached_property
    def source_index(self) -> np.ndarray:
        """int64 [N] the place of each row in its source, from 0."""
        index = self.view.source_index
        return np.arange(len(self.view)) if index is None else np.asarray(index, np.int64)


@dataclass(frozen=True, kw_only=True)
class ExportFormat(Method):
    """A registered way to hand an export to another tool.

    write: (what is exported, folder) -> {file, relative to the folder: how many rows it tells of}; the same export
    gives the same values on every machine. files: all that it may write. opened_by: how the other tool opens it.
    needs_run: whether it holds more than decisions.csv, so that only with the run at hand it can be written again.
    why_not: why rows cannot be handed over so, in one line; "" where they can. folder: where further files lie, which
    the first of `files` lists with their hashes; only_list: writes that list alone.
    """

    write: Callable[[HandOver, Path], Mapping[str, int]] = field(repr=False)
    files: tuple[str, ...]
    opened_by: str
    needs_run: bool = False
    why_not: Callable[[ScoreView, RunFacts], str] = field(default=lambda view, facts: "", repr=False)
    folder: str = ""
    only_list: Callable[[HandOver, Path], Mapping[str, int]] | None = field(default=None, repr=False)


def write_json(path: Path, value: Any) -> None:
    """Plain JSON, one entry a line, the same bytes for the same value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())
