"""Two runs of the same data side by side: what changed side, and what became of doubt and accuracy, by class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.curation import PRESETS, ScoreView, apply_rules, label_suggested
from core.runs.decide.view import score_view
from core.store import Run, branches, curation_log
from core.types.branches import MAIN
from core.types.curation import Outcome
from core.types.errors import RunError
from core.types.rounds import BY_CLASS, RunComparison, RunSide


@dataclass(frozen=True, eq=False)
class Side:
    """A run with what its rules and decisions make of it."""

    run: Run
    view: ScoreView
    outcome: Outcome


def side_of(run: Run, branch: str = MAIN) -> Side:
    """A run under the rules and decisions saved for a branch; under those of a fresh run where none are."""
    view = score_view(run)
    saved = curation_log().state(branches().curation(run.run_id, branch))
    rules = saved.rules or PRESETS[0].build(view)
    return Side(run, view, apply_rules(view, rules, saved.decisions))


def compare_runs(before: Side, after: Side) -> RunComparison:
    """Over the examples that both have, found by their ids; `RunError` where there are none."""
    rows = np.array([before.view.row_of.get(str(key), -1) for key in after.view.ids.tolist()], np.int64)
    here = np.flatnonzero(rows >= 0)
    there = rows[here]
    if not len(here):
        raise RunError(
            f"{before.run.run_id} and {after.run.run_id} have no example in common.",
            "Compare two runs of the same data.",
        )
    names = after.view.class_names
    one, two = _Half(before, there, names), _Half(after, here, names)
    was, now = one.outcome_labels, two.outcome_labels
    moved, known = was != now, (was >= 0) & (now >= 0)
    return RunComparison(
        before=one.summary(),
        after=two.summary(),
        shared=len(here),
        gained=here[two.kept & ~one.kept],
        lost=here[one.kept & ~two.kept],
        relabeled=here[moved & known],
        newly_labeled=here[(one.labels < 0) & (two.labels >= 0)],
        class_names=names,
        by_class=np.column_stack([one.by_class(), two.by_class(), two.count(two.judged)]).astype(np.int64),
    )


class _Half:
    """The shared rows of one side, with labels as the classes of the later run."""

    def __init__(self, side: Side, rows: np.ndarray, names: tuple[str, ...]):
        view = side.view
        place = {name: code for code, name in enumerate(names)}
        code = np.array([*(place.get(name, -1) for name in view.class_names), -1], np.int64)
        self.run_id, self.classes = side.run.run_id, len(names)
        self.labels = code[view.labels[rows]]
        self.outcome_labels = np.where(view.labels[rows] < 0, -1, code[side.outcome.label_final[rows]])
        self.kept = side.outcome.kept[rows]
        held_out, predicted = view.held_out[rows], side.run.array("predicted")
        self.training = ~held_out & (self.labels >= 0)
        self.is_judged = view.predicted is not None and view.predicted_how == "out_of_fold"
        self.doubted = self.training & (label_suggested(view)[rows] >= 0)
        self.agreed = (
            self.training
            if view.predicted is None
            else self.training & (code[np.maximum(np.asarray(view.predicted)[rows], -1)] == self.labels)
        )
        self.judged = held_out & (self.labels >= 0) & (predicted is not None)
        self.right = self.judged.copy()
        if predicted is not None:
            self.right &= code[np.asarray(predicted)[rows]] == self.labels

    def summary(self) -> RunSide:
        """The totals."""
        labeled, asked = int(self.training.sum()), int(self.judged.sum())
        return RunSide(
            self.run_id,
            len(self.labels),
            int(self.kept.sum()),
            labeled,
            int(self.doubted.sum()) if self.is_judged else None,
            float(self.agreed.sum() / labeled) if self.is_judged and labeled else None,
            float(self.right.sum() / asked) if asked else None,
            asked,
        )

    def by_class(self) -> np.ndarray:
        """[C, 4] counts as `BY_CLASS` names them."""
        masks = (self.training, self.training & self.kept, self.doubted, self.right)
        assert len(masks) == len(BY_CLASS)
        return np.column_stack([self.count(mask) for mask in masks])

    def count(self, mask: np.ndarray) -> np.ndarray:
        """[C] marked rows of each class."""
        return np.bincount(self.labels[mask & (self.labels >= 0)], minlength=self.classes)
