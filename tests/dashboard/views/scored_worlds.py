"""Tiny real runs for the views: 60 rows of each kind, scored through `core.actions` in seconds."""

from pathlib import Path

import numpy as np
import pandas as pd

from core import actions
from core.store import Run
from core.types.examples import Roles
from core.types.progress import SilentProgress
from core.types.runs import RunSpec, TrainingSpec

ROWS = 60
CLASSES = ("ant", "bee", "<b>cat</b>")  # the last one must show as text
SCORES = ("el2n", "aum", "confidence", "label_quality", "knn_shapley", "duplicate_similarity")


def _labels_and_splits() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    truth = np.arange(ROWS) % 3
    given = truth.copy()
    given[:4] = (given[:4] + 1) % 3
    splits = np.where(np.arange(ROWS) >= 48, "test", "train")
    return truth, given, splits


def table_file(folder: Path) -> Path:
    """A CSV: two numbers and a word that give the class away, four wrong labels, twelve held-out rows."""
    truth, given, splits = _labels_and_splits()
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "id": [f"r{i:02d}" for i in range(ROWS)],
            "x": truth + rng.normal(0, 0.2, ROWS),
            "y": -truth + rng.normal(0, 0.2, ROWS),
            "word": [("p", "q", "s")[t] for t in truth],
            "label": [CLASSES[g] for g in given],
            "split": splits,
        }
    )
    return _written(frame, folder / "table.csv")


def text_file(folder: Path) -> Path:
    """A CSV of short texts whose words give the class away."""
    truth, given, splits = _labels_and_splits()
    words = ("red earth hill", "yellow flower honey", "soft fur <script>alert(1)</script>")
    frame = pd.DataFrame(
        {
            "id": [f"t{i:02d}" for i in range(ROWS)],
            "text": [f"{words[t]} number {i}" for i, t in enumerate(truth)],
            "label": [CLASSES[g] for g in given],
            "split": splits,
        }
    )
    return _written(frame, folder / "text.csv")


def image_file(folder: Path) -> Path:
    """An NPZ of 12 x 12 gray pictures, one bright third per class."""
    truth, given, splits = _labels_and_splits()
    rng = np.random.default_rng(0)
    images = rng.integers(0, 60, (ROWS, 12, 12), dtype=np.uint8)
    for row, kind in enumerate(truth):
        images[row, kind * 4 : kind * 4 + 4] += 150
    path = folder / "images.npz"
    np.savez(path, images=images, labels=given, split=splits, id=np.array([f"i{i:02d}" for i in range(ROWS)]))
    return path


def _written(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_csv(path, index=False)
    return path


_FILES = {"table": table_file, "text": text_file, "image": image_file}


def scored(modality: str, folder: Path) -> Run:
    """A finished run of a tiny dataset, without a map in UMAP's minutes: PCA alone."""
    source = _FILES[modality](folder)
    spec = RunSpec(
        source=str(source),
        modality=modality,
        roles=Roles(),
        scores=SCORES,
        map=False,
        training=TrainingSpec(epochs=3, seeds=2, checkpoints=2),
        threads=1,
    )
    return actions.runs.run_here(spec, folder / f"run-{modality}", SilentProgress())
