"""Small views for tests of rules and exports."""

from __future__ import annotations

import numpy as np

from core.curation import ScoreColumn, ScoreView

ORIENTATION = {
    "el2n": ("hard", "difficulty", {"find_noise": 1, "keep_hard": 1, "keep_clean_core": -1, "remove_redundant": -1}),
    "aum": ("typical", "dynamics", {"find_noise": -1, "keep_clean_core": 1, "most_helpful": 1}),
    "label_quality": ("typical", "label_quality", {"find_noise": -1, "keep_clean_core": 1, "most_helpful": 1}),
    "duplicate_similarity": ("redundant", "density", {"remove_redundant": 1, "find_ood": -1}),
}


def column(name: str, values, sd=None, seeds: int = 1, skill: float | None = None) -> ScoreColumn:
    """A score column under one of the known names."""
    direction, group, orientation = ORIENTATION[name]
    return ScoreColumn(
        name,
        np.asarray(values, np.float32),
        direction,
        group,
        orientation,
        "lowest" if direction == "typical" else "highest",
        sd,
        seeds,
        skill,
    )


def view_of(values: dict, labels=None, splits=None, ids=None, classes: int | None = None, **more) -> ScoreView:
    """A view with these scores; labels 0, 0, ... and training rows unless given."""
    first = next(iter(values.values()))
    size = len(first.values if isinstance(first, ScoreColumn) else first)
    labels = np.zeros(size, np.int64) if labels is None else np.asarray(labels, np.int64)
    classes = int(labels.max()) + 1 if classes is None else classes
    scores = {n: v if isinstance(v, ScoreColumn) else column(n, v) for n, v in values.items()}
    names = np.array([f"e{i:03d}" for i in range(size)], object) if ids is None else np.asarray(ids, object)
    splits = np.array(["train"] * size) if splits is None else np.asarray(splits)
    class_names = tuple(f"class {c}" for c in range(classes))
    return ScoreView(names, labels, class_names, splits, scores, fingerprint="f00d", **more)


def random_view(rng: np.random.Generator, size: int = 60, classes: int = 3, **more) -> ScoreView:
    """All four scores with gaps and ties, held-out and unlabeled rows, and neighbors that make a few groups."""
    values = {n: np.round(rng.normal(size=size), 1).astype(np.float32) for n in ORIENTATION}
    values["aum"][rng.random(size) < 0.1] = np.nan
    spread = rng.random(size).astype(np.float32)
    scores = {n: column(n, v, spread if n == "el2n" else None, 3 if n == "el2n" else 1) for n, v in values.items()}
    splits = np.where(rng.random(size) < 0.2, "test", "train")
    splits[:2] = "train"
    return view_of(
        scores,
        rng.integers(-1, classes, size),
        splits,
        ids=[f"r{k}" for k in rng.permutation(size)],
        classes=classes,
        neighbors=rng.integers(0, size, (size, 3)).astype(np.int32),
        neighbor_similarity=(0.9 + 0.1 * rng.random((size, 3))).astype(np.float32),
        predicted=rng.integers(0, classes, size),
        predicted_prob=rng.random(size).astype(np.float32),
        **more,
    )


def permuted(view: ScoreView, order: np.ndarray) -> ScoreView:
    """The same examples in another row order."""
    back = np.argsort(order)
    scores = {
        n: ScoreColumn(
            n,
            c.values[order],
            c.direction,
            c.group,
            c.orientation,
            c.inspect_first,
            None if c.standard_deviation is None else c.standard_deviation[order],
            c.seed_count,
            c.skill,
        )
        for n, c in view.scores.items()
    }
    return ScoreView(
        view.ids[order],
        view.labels[order],
        view.class_names,
        view.splits[order],
        scores,
        neighbors=None if view.neighbors is None else back[view.neighbors[order]].astype(np.int32),
        neighbor_similarity=None if view.neighbor_similarity is None else view.neighbor_similarity[order],
        predicted=None if view.predicted is None else view.predicted[order],
        predicted_prob=None if view.predicted_prob is None else view.predicted_prob[order],
        fingerprint=view.fingerprint,
    )
