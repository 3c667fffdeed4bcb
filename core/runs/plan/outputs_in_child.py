"""What a model says of every row, where the process with limits alone may load it: trees and graphs from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from core.datasets.guarded import answer_with, ask_child, mapped_bytes
from core.models.sources import source_of
from core.runs.folder.source import load_source
from core.types.errors import ModelError
from core.types.examples import Modality
from core.types.progress import Progress
from core.types.runs import RunSpec, spec_from_json
from core.types.signals import Signal

from .model_in_child import MEMORY
from .prepare import chosen_scores, signals_needed

_SECONDS = 3600  # a large graph over many rows on a busy machine


def outputs_in_child(spec: RunSpec, folder: Path, progress: Progress) -> dict[str, np.ndarray]:
    """Arrays by name ("logits" and, out of fold, "probabilities" [N, C]; "features" [N, d]), left in `folder`.

    Raises `DataError` in the child's words, `UnsafeFileError` if it crashed, took longer or wanted more memory;
    `Cancelled` soon after somebody asked to stop.
    """
    folder.mkdir(parents=True, exist_ok=True)
    question = {"spec": spec.to_json(), "folder": str(folder)}
    progress.stage(f"Outputs of {Path(spec.training.model).name}", 1)
    memory, waiting = MEMORY + mapped_bytes(spec.recorded), lambda: progress.advance(0)
    answer = ask_child(__name__, question, spec.training.model, _SECONDS, memory, waiting)
    return {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in answer["names"]}


def main() -> None:
    """What the child runs."""
    answer_with(_done)


def _done(question: dict[str, Any]) -> dict[str, Any]:
    spec = spec_from_json(question["spec"])
    source, examples = source_of(spec.training.model), load_source(spec).examples
    assert source.predict is not None
    if examples.modality not in source.modalities:
        kinds = " or ".join(kind.value for kind in source.modalities)
        raise ModelError(
            f"{Path(spec.training.model).name} reads data of the kind {kinds}; these are {examples.modality.value}.",
            "Give data of its kind, or another model.",
        )
    arrays = source.predict(spec.training, examples)
    outputs = arrays["logits"].shape[1]
    if outputs != examples.class_count:
        raise ModelError(
            f"{Path(spec.training.model).name} has {outputs} outputs, the data {examples.class_count} classes.",
            "Give data with one class for each output of the model.",
        )
    if source.refitted is not None and examples.modality is Modality.TABLE and _judges_labels(spec):
        from core.training.folds import assign_folds  # torch comes with it

        fold_of = assign_folds(examples, examples.train_rows, spec.training.folds, spec.seed)
        arrays["probabilities"] = source.refitted(spec.training, examples, fold_of)
    for name, values in arrays.items():
        np.save(Path(question["folder"]) / f"{name}.npy", values.astype(np.float32), allow_pickle=False)
    return {"names": sorted(arrays)}


def _judges_labels(spec: RunSpec) -> bool:
    """Whether a score was asked for that reads out-of-fold probabilities, and nobody recorded any."""
    return spec.recorded.probabilities is None and Signal.OUT_OF_FOLD in signals_needed(chosen_scores(spec), spec)
