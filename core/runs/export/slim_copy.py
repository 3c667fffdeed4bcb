"""A finished run small enough to ship: all that can be looked at, little of what it was made from."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from core.models.stored import read_model_card
from core.store import Run
from core.store.atomic import sha256_of, write_array, write_json
from core.store.cards import digest_of
from core.store.checkpoints import read_weights, write_weights
from core.types.errors import RunError
from core.types.runs import RunState

_SHOWN = (
    "predicted", "predicted_prob", "out_of_fold_pred", "out_of_fold_prob", "curves_p", "curves_pred", "curves_epochs",
    "embedding", "neighbors", "neighbor_distance", "neighbor_similarity", "pca", "umap", "kmeans", "hdbscan",
    "rising_class",
)  # fmt: skip


_NEIGHBORS = 10  # as many as the drawer of an example shows


def slim_run(path: Path, out: Path) -> Path:
    """Copy a finished run into `out`: scores, maps, embedding, curves, the last checkpoint of the first seed.

    The copy opens, explains, exports and is checked like the original; recomputing its scores trains again. Weights,
    features and logits of the kept checkpoint go to float16, which is enough to rank influence and to explain. Raises
    `RunError` for an unfinished run.
    """
    run = Run.open(path)
    if run.state() is not RunState.FINISHED:
        raise RunError(f"{path} is not finished.", "Resume it first.")
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(path / "scores", out / "scores")
    for name in ("spec.json", "examples.parquet"):
        shutil.copyfile(path / name, out / name)
    flags = (f"flag-{name}" for name in run.score_names)
    arrays = [name for name in (*_SHOWN, *flags) if run.array(name) is not None]
    for name in arrays:
        write_array(out / "arrays" / f"{name}.npy", _compact(name, np.asarray(run.array(name))))
    _slim_model(run, out)
    hashes = {array.stem: sha256_of(array) for array in sorted((out / "arrays").glob("*.npy"))}
    write_json(
        out / "run.json", {**run.card, "arrays": hashes, "arrays_sha256": digest_of(hashes), "source_stamp": None}
    )
    return out


def _compact(name: str, values: np.ndarray) -> np.ndarray:
    """Fewer neighbors, and two bytes a number where row and cluster numbers fit into them."""
    if name.startswith("neighbor"):
        values = values[:, :_NEIGHBORS]
    if values.dtype == np.int32 and np.abs(values).max(initial=0) < 2**15:
        return values.astype(np.int16)
    return values.astype(np.float16) if name in ("neighbor_distance", "embedding") else values


def _half(weights: np.ndarray) -> np.ndarray:
    return weights.astype(np.float16) if weights.dtype == np.float32 else weights


def _slim_model(run: Run, out: Path) -> None:
    """Encoder, estimator, and the last checkpoint of the first seed with what influence needs of it."""
    if not (run.path / "model" / "model.json").is_file():
        return
    shutil.copytree(run.path / "model", out / "model", ignore=shutil.ignore_patterns("s*-e*.safetensors"))
    checkpoints = read_model_card(run.path / "model").checkpoints
    last = [c.path for c in checkpoints if c.seed == checkpoints[0].seed][-1:]
    for place in last:
        weights = read_weights(run.path / place)
        write_weights(out / place, {key: _half(value) for key, value in weights.items()})
        name = Path(place).stem
        seed, epoch = (int(part[1:]) for part in name.split("-"))
        features, logits = run.array(f"features-{name}"), run.array("logits")
        if features is not None and logits is not None:
            write_array(out / "arrays" / f"features-{name}.npy", np.asarray(features, np.float16))
            write_array(out / "arrays" / f"logits-{name}.npy", np.asarray(logits[seed, epoch - 1], np.float16))
