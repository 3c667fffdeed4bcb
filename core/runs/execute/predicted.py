"""Outputs of a model that only the process with limits may load take their place beside what was recorded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from core.models.sources import is_predicted
from core.runs.plan.outputs_in_child import outputs_in_child
from core.store.atomic import read_json, sha256_of, write_json
from core.types.errors import ModelError
from core.types.evidence import GivenEvidence
from core.types.runs import TrainingSpec

from .context import RunContext

_JUDGE = "gradient_boosting"  # trees again, trained here out of fold: the model that was brought may know the labels


def with_predictions(context: RunContext, given: GivenEvidence) -> GivenEvidence:
    """The evidence with logits (and features) of the brought model, computed once and kept in work/outputs.

    Raises `ModelError` where logits were recorded, too, and for what is wrong with the model.
    """
    spec = context.spec
    if not is_predicted(spec.training.model):
        return given
    if given.logits is not None:
        raise ModelError("Logits are recorded, and a model would give others.", "Leave out --logits or --model.")
    folder, marker = context.path / "work" / "outputs", {"sha256": sha256_of(Path(spec.training.model))}
    note = folder / "of.json"
    if note.is_file() and read_json(note, dict).get("sha256") == marker["sha256"]:
        arrays = {name: np.load(folder / f"{name}.npy") for name in read_json(note, dict)["names"]}
    else:
        arrays = outputs_in_child(spec, folder, context.progress)
        write_json(note, {**marker, "names": sorted(arrays)})
    shaped = {name: values[None, None] for name, values in arrays.items() if name != "probabilities"}
    judged = given.probabilities if given.probabilities is not None else arrays.get("probabilities")
    return replace(given, logits=shaped["logits"], features=shaped.get("features"), probabilities=judged)


def judge_of(training: TrainingSpec) -> TrainingSpec:
    """The training that judges labels out of fold beside a model that is only asked for its outputs."""
    if not is_predicted(training.model):
        return training
    return replace(training, model=_JUDGE, weights=(), epochs=None, image_size=(), mean=(), std=())
