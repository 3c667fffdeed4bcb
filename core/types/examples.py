"""The dataset as given: one row per example, in an order that never changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from jaxtyping import Int64, Integer, Shaped

NO_COLUMN = "none"  # said of a role: no column has it, also where one could be guessed


class Modality(StrEnum):
    """What an example is. `TRACE`: nothing to look at, only recorded model outputs or embeddings."""

    IMAGE = "image"
    TEXT = "text"
    TABLE = "table"
    TRACE = "trace"


class Split(StrEnum):
    """Training rows may be dropped; held-out rows are locked and serve as targets."""

    TRAIN = "train"
    VALID = "valid"
    TEST = "test"


UNLABELED = -1  # no class has it; numpy would read it as the last one, so masks come before look-ups


@dataclass(frozen=True)
class Finding:
    """One line of the report card: a fixed code, how many rows, the words, and some of the rows."""

    code: str
    count: int
    text: str
    rows: tuple[str, ...] = ()
    level: str = "note"  # note | warning


@dataclass(frozen=True)
class Roles:
    """Which column (or array) plays which part; `None` is absent. Guessed, shown, and settable."""

    inputs: str | None = None
    id: str | None = None
    label: str | None = None
    text: str | None = None
    split: str | None = None
    group: str | None = None
    path: str | None = None
    features: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ExampleTable:
    """N examples. Row order is fixed; `ids` are unique and survive every export; nothing is joined by position.

    inputs: IMAGE -> array-like [N] or [N,H,W,C] uint8, `inputs[i]` gives one [H,W,C] uint8 image, read lazily;
            TEXT -> object array [N] of str; TABLE -> pandas DataFrame of feature columns (raw, missing as NaN);
            TRACE -> None.
    columns: the user's own columns as text, for `curated.csv`; pandas DataFrame with N rows, index 0..N-1.
    """

    name: str
    modality: Modality
    ids: Shaped[np.ndarray, " example"]  # texts
    inputs: Any
    labels: Int64[np.ndarray, " example"]  # 0..C-1 or UNLABELED
    class_names: tuple[str, ...]
    splits: Shaped[np.ndarray, " example"]  # texts: train | valid | test
    groups: Shaped[np.ndarray, " example"] | None  # texts
    source_index: Int64[np.ndarray, " example"]  # 0-based row in the source
    source_path: Shaped[np.ndarray, " example"] | None  # relative path of each example's file
    columns: Any
    fingerprint: str  # content hash: part of every run's identity
    roles: Roles = field(default_factory=Roles)
    report: tuple[Finding, ...] = ()
    exact_duplicate_of: Int64[np.ndarray, " example"] | None = None  # first row with the same content, itself if none
    source_fingerprint: str = ""  # of what lies under an overlay of decisions; "" where there is none

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def class_count(self) -> int:
        """C, the number of classes, including classes without an example."""
        return len(self.class_names)

    @property
    def train_rows(self) -> Integer[np.ndarray, " row"]:
        """Rows that may be trained on: labeled and not held out."""
        return np.flatnonzero((self.splits == Split.TRAIN) & (self.labels != UNLABELED))

    @property
    def held_out_rows(self) -> Integer[np.ndarray, " row"]:
        """Labeled rows outside the training split; `valid` when there is one, else `test`."""
        for split in (Split.VALID, Split.TEST):
            rows = np.flatnonzero((self.splits == split) & (self.labels != UNLABELED))
            if len(rows):
                return rows
        return np.array([], dtype=np.int64)


@dataclass(frozen=True)
class SourceReport:
    """What reading a whole dataset found, without the dataset.

    class_counts: labeled rows of each of the C classes. report: the lines of the report card.
    """

    name: str
    modality: Modality
    class_names: tuple[str, ...]
    class_counts: tuple[int, ...]
    rows: int
    train_rows: int
    held_out_rows: int
    report: tuple[Finding, ...]

    @classmethod
    def of(cls, examples: ExampleTable) -> SourceReport:
        """The report of a table that was read."""
        labeled = examples.labels[examples.labels != UNLABELED]
        counts = np.bincount(labeled, minlength=examples.class_count).tolist()
        held_out = int((examples.splits != Split.TRAIN).sum())
        return cls(
            examples.name,
            examples.modality,
            examples.class_names,
            tuple(counts),
            len(examples),
            len(examples.train_rows),
            held_out,
            examples.report,
        )
