"""A run as rules see it."""

from __future__ import annotations

import numpy as np

from core.curation import ScoreView, score_column
from core.scores import method_of_score
from core.store import Run


def score_view(run: Run) -> ScoreView:
    """Every score and what goes with it, read once; all arrays read-only."""
    examples = run.examples
    predicted, probability, how = predictions(run)
    return ScoreView(
        ids=examples.ids,
        labels=examples.labels,
        class_names=examples.class_names,
        splits=examples.splits,
        scores={name: score_column(run.score(name), method_of_score(run.score(name))) for name in run.score_names},
        groups=examples.groups,
        source_index=examples.source_index,
        source_path=examples.source_path,
        columns=examples.columns,
        label_column=examples.roles.label,
        id_column=examples.roles.id,
        predicted=predicted,
        predicted_prob=probability,
        predicted_how=how,
        rising=run.array("rising_class"),
        neighbors=run.array("neighbors"),
        neighbor_similarity=run.array("neighbor_similarity"),
        exact_duplicate_of=examples.exact_duplicate_of,
        fingerprint=run.fingerprint,
        name=run.name,
    )


def predictions(run: Run) -> tuple[np.ndarray | None, np.ndarray | None, str]:
    """Predicted class [N] int32 (-1 = none), its probability [N], and whether out of fold (preferred) or in sample."""
    for how, label, probability in (
        ("out_of_fold", "out_of_fold_pred", "out_of_fold_prob"),
        ("in_sample", "predicted", "predicted_prob"),
    ):
        labels = run.array(label)
        if labels is not None:
            return labels, run.array(probability), how
    return None, None, "out_of_fold"
