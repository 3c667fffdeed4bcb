"""A run of any number of rows with made-up scores, written by the code that writes real runs.

Only the figures are made up: pictures, labels and ids are loaded as a user's file is, and every score goes through the
store's shards, checksums and index.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from core.runs.execute import stages
from core.runs.execute.context import RunContext
from core.runs.folder.folder_lock import claim
from core.runs.folder.run_folder import RunFolder
from core.scores import ScoreMethod, score_named
from core.store import run_registry
from core.types.evidence import Evidence
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, RunState
from core.types.scores import ScoreResult

SCORES = (
    "el2n",
    "grand",
    "loss",
    "entropy",
    "aum",
    "forgetting",
    "confidence",
    "variability",
    "influence",
    "label_quality",
    "knn_distance",
    "duplicate_similarity",
)
CLASSES, SIDE, DIMENSIONS, EPOCHS, SEEDS, NEIGHBORS = 10, 8, 6, 8, 2, 15
WRONG = 0.05  # share of rows whose label is not that of their cluster


def make_run(folder: Path, rows: int, seed: int = 0) -> str:
    """A finished run of `rows` examples under `folder`, listed in the workspace; returns its id."""
    folder.mkdir(parents=True, exist_ok=True)
    made = _World(rows, seed)
    source = folder / f"points_{rows}.npz"
    np.savez(source, images=made.images(), label=made.labels, id=made.ids(), split=made.splits)
    context = RunContext(
        claim(folder / f"run_{rows}", RunSpec(str(source), scores=SCORES), threads=1), SilentProgress()
    )
    with context.stage("load"):
        stages.load(context)
    for name, values in made.arrays().items():
        context.folder.put_array(name, values)
    for name in SCORES:
        stages.score(context, _pretending(score_named(name), made), Evidence())
    stages.write_manifest(context, list(SCORES))
    _finish(context.folder, rows)
    return context.folder.run_id


def _finish(folder: RunFolder, rows: int) -> None:
    folder.save(state=RunState.FINISHED.value, problems={}, not_here={}, versions={})
    registry = run_registry()
    registry.register(folder.run_id, folder.path, name=f"points_{rows}", modality="image", rows=rows)
    registry.settle(folder.run_id, RunState.FINISHED)


def _pretending(method: ScoreMethod, made: _World) -> ScoreMethod:
    """The registered method with made-up values in place of the formula."""
    per_seed = made.score(method.name)
    return replace(
        method, compute=lambda inputs, params, progress: ScoreResult(per_seed.mean(axis=0), per_seed, skill=0.6)
    )


class _World:
    """Clusters in a few dimensions; rows with a label of another cluster are the ones that scores point at."""

    def __init__(self, rows: int, seed: int):
        self.rows, self.rng = rows, np.random.default_rng(seed)
        self.true = self.rng.integers(0, CLASSES, rows)
        self.wrong = self.rng.random(rows) < WRONG
        self.labels = np.where(self.wrong, self.rng.integers(0, CLASSES, rows), self.true)
        self.splits = np.where(self.rng.random(rows) < 0.15, "test", "train")
        middles = self.rng.normal(size=(CLASSES, DIMENSIONS)) * 3
        self.points = (middles[self.true] + self.rng.normal(size=(rows, DIMENSIONS))).astype(np.float32)
        self.hard = self.rng.normal(size=rows) + 2.5 * self.wrong

    def ids(self) -> np.ndarray:
        return np.char.add("p", np.char.zfill(self.rng.permutation(self.rows).astype(str), 7))

    def images(self) -> np.ndarray:
        """uint8 [N, 8, 8]: a pattern per class under noise, no two the same."""
        patterns = self.rng.integers(0, 200, (CLASSES, SIDE, SIDE), np.uint8)
        return patterns[self.true] + self.rng.integers(0, 55, (self.rows, SIDE, SIDE), np.uint8)

    def score(self, name: str) -> np.ndarray:
        """float32 [S, N]: what makes a row hard, turned to the end where the method looks first, and noise."""
        side = -1.0 if score_named(name).inspect_first == "lowest" else 1.0
        own = side * self.hard + self.rng.normal(size=self.rows)
        return (own + 0.2 * self.rng.normal(size=(SEEDS, self.rows))).astype(np.float32)

    def arrays(self) -> dict[str, np.ndarray]:
        """What the other stages of a run leave."""
        sure = self.rng.beta(5, 2, self.rows).astype(np.float32)
        curves = self.rng.random((SEEDS, EPOCHS, self.rows), np.float32).astype(np.float16)
        plane = self.points @ np.linalg.svd(self.points[:20_000] - self.points.mean(0), full_matrices=False)[2][:2].T
        rows, distances = self._neighbors()
        return {
            "embedding": self.points,
            "pca": plane.astype(np.float32),
            "kmeans": self.true.astype(np.int32),
            "predicted": self.true.astype(np.int32),
            "predicted_prob": sure,
            "out_of_fold_pred": self.true.astype(np.int32),
            "out_of_fold_prob": sure,
            "curves_p": curves,
            "curves_pred": np.broadcast_to(self.true.astype(np.uint8), curves.shape),
            "curves_epochs": np.arange(1, EPOCHS + 1, dtype=np.int32),
            "neighbors": rows,
            "neighbor_distance": distances,
            "neighbor_similarity": 1 - np.minimum(distances, 1) ** 2,
        }

    def _neighbors(self) -> tuple[np.ndarray, np.ndarray]:
        """The nearest among rows that follow one another along the first axis: near enough, and quick at any size."""
        order = np.argsort(self.points[:, 0], kind="stable")
        place = np.argsort(order, kind="stable")
        near = order[(place[:, None] + np.arange(1, NEIGHBORS + 1)) % self.rows].astype(np.int32)
        apart = np.stack([np.linalg.norm(self.points - self.points[near[:, k]], axis=1) for k in range(NEIGHBORS)], 1)
        first = np.argsort(apart, axis=1)
        return np.take_along_axis(near, first, 1), np.take_along_axis(apart, first, 1).astype(np.float32)
