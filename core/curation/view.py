"""A run's arrays as rules see them: one immutable value, built once per run and shared by every session."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from core.composite import Terms, build_terms
from core.types.errors import RulesError
from core.types.examples import UNLABELED, Split

if TYPE_CHECKING:
    from core.scores.method import ScoreMethod
    from core.types.curation import NearDuplicates
    from core.types.scores import Score

_KEPT_RESULTS = 4  # of each kind: a session flips between few settings; terms hold 4 bytes x N x scores


@dataclass(frozen=True, eq=False)
class ScoreColumn:
    """One score with what rules need to know about it.

    values: float32 [N], NaN = not computed. standard_deviation: float32 [N] over seeds, or None.
    orientation: goal -> -1 | 0 | +1 (METHODS: The composite). definition: JSON values for the manifest (params, checks,
    meta).
    """

    name: str
    values: np.ndarray
    direction: str
    group: str
    orientation: Mapping[str, int]
    inspect_first: str = "highest"
    standard_deviation: np.ndarray | None = None
    seed_count: int = 1
    skill: float | None = None
    definition: Mapping[str, Any] = field(default_factory=dict)
    flags: np.ndarray | None = None  # bool [N]: beyond the cut-off that the method itself gives
    title: str = ""  # this and what each end means: for people
    high_means: str = ""
    low_means: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", np.asarray(self.values, np.float32))


def score_column(score: Score, method: ScoreMethod) -> ScoreColumn:
    """A finished score of a run beside what its method says about itself."""
    definition = {
        "summary": method.summary,
        "range": method.range,
        "params": dict(score.params),
        "meta": dict(score.meta),
        "undefined": dict(score.undefined),
        "checks": [{"light": c.light, "text": c.text} for c in score.checks],
    }
    return ScoreColumn(
        score.method,
        np.asarray(score.values, np.float32),
        str(score.direction),
        str(score.group),
        {str(goal): sign for goal, sign in method.orientation.items()},
        method.inspect_first,
        score.standard_deviation,
        score.seed_count,
        score.skill,
        definition,
        None if score.flags is None else np.asarray(score.flags, bool),
        method.title,
        method.high_means,
        method.low_means,
    )


@dataclass(frozen=True, eq=False)
class ScoreView:
    """N examples with their scores, in the order of the run's ExampleTable. Arrays are never written to.

    predicted, predicted_prob: the class (and its probability) that a model gives each row, -1 where none;
    out-of-fold where the run has that, else in-sample (`predicted_how`: "out_of_fold" | "in_sample").
    rising: the class other than the given one whose probability rose over training, -1 where none did.
    neighbors, neighbor_similarity: [N, k] nearest other rows and their similarity (1 = identical), for near-duplicates.
    duplicate_groups: [N] group number, -1 none: given instead of neighbors when an export is replayed.
    columns: the user's own columns (pandas DataFrame, N rows) or None; label_column, id_column: their roles.
    """

    ids: np.ndarray  # [N] str
    labels: np.ndarray  # [N] int64, -1 = unlabeled
    class_names: tuple[str, ...]
    splits: np.ndarray  # [N] str
    scores: Mapping[str, ScoreColumn]
    groups: np.ndarray | None = None  # [N] str, the user's groups
    source_index: np.ndarray | None = None  # [N] int64
    source_path: np.ndarray | None = None  # [N] str
    columns: Any = None
    label_column: str | None = None
    id_column: str | None = None
    predicted: np.ndarray | None = None
    predicted_prob: np.ndarray | None = None
    predicted_how: str = "out_of_fold"
    rising: np.ndarray | None = None
    neighbors: np.ndarray | None = None
    neighbor_similarity: np.ndarray | None = None
    exact_duplicate_of: np.ndarray | None = None  # [N] int64, itself if none
    duplicate_groups: np.ndarray | None = None  # [N] int64, of an export: the groups that were applied, ...
    near_duplicates_asked: NearDuplicates | None = None  # ... and what a person was asked about instead
    fingerprint: str = ""
    name: str = ""
    # not of the constructor, so that `dataclasses.replace` gives a view that remembers nothing of the one before
    _results: dict[str, OrderedDict] = field(default_factory=dict, repr=False, init=False)
    _lock: Any = field(default_factory=threading.RLock, repr=False, init=False)

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def row_of(self) -> dict[str, int]:
        """id -> row."""
        return {str(key): row for row, key in enumerate(self.ids.tolist())}

    def rows_of(self, ids: Iterable[str]) -> np.ndarray:
        """int64 rows of ids, ascending; ids that are not in the view are left out."""
        return np.array(sorted(self.row_of[name] for name in ids if name in self.row_of), np.int64)

    @cached_property
    def id_order(self) -> np.ndarray:
        """[N] rows in order of their ids (by code point): how every tie is broken."""
        return np.argsort(np.asarray(self.ids, dtype=object), kind="stable").astype(np.int64)

    @cached_property
    def id_rank(self) -> np.ndarray:
        """[N] uint32 position of each row in `id_order`."""
        rank = np.empty(len(self), np.uint32)
        rank[self.id_order] = np.arange(len(self), dtype=np.uint32)
        return rank

    @cached_property
    def every_row(self) -> np.ndarray:
        """[N] bool, all of them."""
        return np.ones(len(self), bool)

    @cached_property
    def held_out(self) -> np.ndarray:
        """[N] bool, rows outside the training split."""
        return np.asarray(self.splits).astype(str) != Split.TRAIN.value

    def unlocked(self, lock_held_out: bool) -> np.ndarray:
        """[N] bool, rows that rules may drop."""
        return self._unlocked_rows if lock_held_out else self.every_row

    @cached_property
    def _unlocked_rows(self) -> np.ndarray:
        return ~self.held_out

    @cached_property
    def class_rows(self) -> dict[int, np.ndarray]:
        """class -> its rows, held-out ones too; -1 holds the unlabeled rows."""
        return {c: np.flatnonzero(self.labels == c) for c in range(UNLABELED, len(self.class_names))}

    @cached_property
    def held_out_rows(self) -> np.ndarray:
        """Rows outside the training split."""
        return np.flatnonzero(self.held_out)

    @cached_property
    def training_rows(self) -> np.ndarray:
        """uint32 rows of the training split, ascending."""
        return np.flatnonzero(~self.held_out).astype(np.uint32)

    @cached_property
    def held_out_by_id(self) -> np.ndarray:
        """int64 rows outside the training split, in order of their ids."""
        return self.id_order[self.held_out[self.id_order]]

    @cached_property
    def class_sizes(self) -> np.ndarray:
        """[C] rows with each given label, held-out ones too."""
        return np.bincount(self.labels + 1, minlength=len(self.class_names) + 1)[1:]

    def class_totals(self, lock_held_out: bool = True) -> np.ndarray:
        """[C] unlocked rows with each given label."""
        size = len(self.class_names)
        return self.remember(
            ("class_totals", lock_held_out),
            lambda: np.bincount(self.labels[self.unlocked(lock_held_out)] + 1, minlength=size + 1)[1:],
        )

    def count_classes(self, rows: np.ndarray) -> np.ndarray:
        """[C] how many of these rows have each given label; unlabeled ones are no class."""
        return np.bincount(self.labels[rows] + 1, minlength=len(self.class_names) + 1)[1:]

    def count_in_classes(self, marked: np.ndarray) -> np.ndarray:
        """[C] the same for rows given as bool [N]."""
        return np.array([np.count_nonzero(marked[self.class_rows[c]]) for c in range(len(self.class_names))], np.int64)

    def with_scores(self, scores: Mapping[str, ScoreColumn]) -> ScoreView:
        """The same rows with these scores; nothing that was worked out from the ones before is remembered."""
        return replace(self, scores=scores)

    def score(self, name: str) -> ScoreColumn:
        """The column called `name`; raises `RulesError` listing those there are."""
        if name not in self.scores:
            raise RulesError(
                f"The rules use the score {name!r}, which this run does not have.",
                f"Scores of this run: {', '.join(self.scores) or 'none'}.",
            )
        return self.scores[name]

    def terms(self, transform: str = "rank", within_class: bool = False, lock_held_out: bool = True) -> Terms:
        """All scores made comparable (METHODS: The composite, step 1); ranks are taken over the unlocked rows."""

        def build() -> Terms:
            values = {name: column.values for name, column in self.scores.items()}
            return build_terms(values, transform, self.labels if within_class else None, self.unlocked(lock_held_out))

        return self.remember(("terms", transform, within_class, lock_held_out), build)

    def remember(self, key: tuple, build: Callable[[], Any]) -> Any:
        """The value of `build()`, computed once per key; of each kind (`key[0]`) the last few used are kept."""
        with self._lock:
            kind = self._results.setdefault(key[0], OrderedDict())
            if key not in kind:
                kind[key] = build()
            kind.move_to_end(key)
            while len(kind) > _KEPT_RESULTS:
                kind.popitem(last=False)
            return kind[key]
