"""Which rows without a label to label next: where the model is unsure, far from what is labeled, in every class.

One row after another, the largest product of four factors, each from 0.1 to 1 so that none silences the others:
uncertainty of the prediction (rank), distance to the nearest row that is labeled or chosen before it (as a share of the
largest), how common such rows are (mean similarity to their neighbors, rank), and how few rows the predicted class has.
Without a model or without labels the factors that need them are 1, and the order is one of coverage alone.
Settles 2012 (information density); Sener & Savarese 2018 (greedy k-center); Ash et al. 2020 (both at once).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.types.curation import Action, Decision
from core.types.errors import RulesError
from core.types.examples import UNLABELED
from core.types.ranks import average_rank
from core.types.review import LabelNext

from .view import ScoreView

_FLOOR = 0.1  # no single factor silences the others
_POOL = 200  # rows looked at for each that is asked for, the most promising: more change nothing that can be seen
_CENTERS = 20_000  # labeled rows that distances are taken to; of more, an even part


def label_next(
    view: ScoreView,
    vectors: np.ndarray | None,
    decisions: Mapping[str, Decision],
    count: int,
    after: Sequence[str] = (),
) -> LabelNext:
    """The next `count` training rows without a label, most worth one first; ties by id.

    vectors: [N, d] embedding, None where there is none. after: ids that were chosen earlier and wait for their label:
    the order goes on from them. Rows that a person dropped or labeled are left out. Raises `RulesError` where every
    row has a label.
    """
    labels, gone, settled = _as_answered(view, decisions)
    settled[view.rows_of(after)] = True
    pool = np.flatnonzero((labels == UNLABELED) & ~gone & ~settled & ~view.held_out)
    if not len(pool):
        raise RulesError(
            "No training row waits for a label.", "This order is for rows without one: leave their cell empty."
        )
    guessed = np.full(len(view), UNLABELED) if view.predicted is None else np.asarray(view.predicted)
    knows = bool((labels >= 0).any()) and view.predicted is not None
    unsure = _unsure(view, pool) if knows else np.ones(len(pool))
    worth = unsure * _typical(view, pool)
    if len(pool) > _POOL * count:
        best = np.sort(np.lexsort((view.id_rank[pool], -worth))[: _POOL * count])
        pool, worth = pool[best], worth[best]
    known = np.flatnonzero((labels >= 0) & ~view.held_out | settled)
    counts = np.bincount(np.where(labels[known] >= 0, labels[known], guessed[known]) + 1, minlength=_classes(view))
    greedy = _Greedy(view, pool, worth, guessed[pool] if knows else None, vectors, known)
    return LabelNext(*greedy.choose(min(count, len(pool)), counts[1:].astype(float)), by_model=knows)


class _Greedy:
    """The rows of a pool, taken one after another."""

    def __init__(
        self,
        view: ScoreView,
        pool: np.ndarray,
        worth: np.ndarray,
        guessed: np.ndarray | None,
        vectors: np.ndarray | None,
        known: np.ndarray,
    ):
        self.rows, self.worth, self.guessed, self.rank = pool, worth, guessed, view.id_rank[pool]
        self.vectors = None if vectors is None else np.asarray(vectors)[pool].astype(np.float32)
        step = max(1, -(-len(known) // _CENTERS))
        self.apart = np.full(len(pool), np.inf, np.float32)
        if vectors is not None:
            for start in range(0, len(known), step * 256):
                part = np.asarray(vectors[known[start : start + step * 256 : step]], np.float32)
                self._nearer(part)

    def choose(self, count: int, per_class: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(rows, values), `count` of each, in the order in which they were taken."""
        taken, values = [], []
        free = np.ones(len(self.rows), bool)
        for _ in range(count):
            value = np.where(free, self.worth * self._distance() * self._rare(per_class), -1.0)
            ties = np.flatnonzero(value == value.max())
            at = int(ties[np.argmin(self.rank[ties])])
            taken.append(int(self.rows[at]))
            values.append(float(value[at]))
            free[at] = False
            if self.vectors is not None:
                self._nearer(self.vectors[at : at + 1])
            if self.guessed is not None and self.guessed[at] >= 0:
                per_class[self.guessed[at]] += 1
        return np.array(taken, np.int64), np.array(values, np.float32)

    def _nearer(self, centers: np.ndarray) -> None:
        assert self.vectors is not None
        squares = (
            np.square(self.vectors).sum(axis=1)[:, None]
            + np.square(centers).sum(axis=1)[None]
            - 2.0 * self.vectors @ centers.T
        )
        self.apart = np.minimum(self.apart, np.maximum(squares.min(axis=1), 0.0))

    def _distance(self) -> np.ndarray:
        if not np.isfinite(self.apart).all() or not self.apart.max() > 0:
            return np.ones(len(self.rows))
        return _softened(np.sqrt(self.apart / self.apart.max()))

    def _rare(self, per_class: np.ndarray) -> np.ndarray:
        """Rows of a predicted class of average size or less count fully, those of larger ones in proportion."""
        if self.guessed is None:
            return np.ones(len(self.rows))
        weight = np.minimum(1.0, (per_class.mean() + 1.0) / (per_class + 1.0))
        return _softened(np.where(self.guessed >= 0, weight[self.guessed], 1.0))


def _as_answered(view: ScoreView, decisions: Mapping[str, Decision]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels with a person's answers; bool [N] of rows that they dropped, and of those that they labeled: an answer may
    name a class that the run does not know yet.
    """
    labels, gone, labeled = view.labels.copy(), np.zeros(len(view), bool), np.zeros(len(view), bool)
    code_of = {name: code for code, name in enumerate(view.class_names)}
    for key, decision in decisions.items():
        row = view.row_of.get(key)
        if row is not None:
            gone[row] = decision.action is Action.DROP
            labeled[row] = decision.action is Action.RELABEL
            if labeled[row]:
                labels[row] = code_of.get(str(decision.label), UNLABELED)
    return labels, gone, labeled


def _classes(view: ScoreView) -> int:
    return len(view.class_names) + 1


def _unsure(view: ScoreView, pool: np.ndarray) -> np.ndarray:
    """Rank of 1 - probability of the predicted class; rows without a prediction are the most unsure."""
    sure = np.zeros(len(pool)) if view.predicted_prob is None else np.nan_to_num(view.predicted_prob[pool], nan=0.0)
    return _softened(_ranked(-sure))


def _typical(view: ScoreView, pool: np.ndarray) -> np.ndarray:
    if view.neighbor_similarity is None:
        return np.ones(len(pool))
    return _softened(_ranked(np.nan_to_num(np.asarray(view.neighbor_similarity[pool]).mean(axis=1), nan=-1.0)))


def _ranked(values: np.ndarray) -> np.ndarray:
    return (average_rank(np.asarray(values, np.float32)) - 0.5) / max(len(values), 1)


def _softened(factor: np.ndarray) -> np.ndarray:
    return np.asarray(_FLOOR + (1 - _FLOOR) * factor)
