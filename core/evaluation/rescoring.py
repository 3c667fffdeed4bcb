"""A run's scores once more, on a copy whose labels were changed: those that a short training can give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.models.image_inputs import without_weights
from core.scores import ScoreInputs, ScoreMethod, score_named
from core.types.errors import CurationError
from core.types.evidence import Evidence
from core.types.examples import ExampleTable, Modality
from core.types.methods import Goal
from core.types.params import params_from_dict
from core.types.progress import Progress
from core.types.runs import RunSpec, TrainingSpec
from core.types.signals import listed, trained_for

_IMAGE_EPOCHS, _IMAGE_FOLDS = 6, 3  # a network per fold: the dearest part


def testable(names: Sequence[str], inputs: bool) -> tuple[list[ScoreMethod], dict[str, str]]:
    """The methods that can be tested, and why the others cannot. inputs: whether anything can be trained."""
    methods, why = [], {}
    for name in names:
        method = score_named(name)
        costly = [signal for signal in method.needs if signal.facts.costly]
        if not method.orientation[Goal.FIND_NOISE]:
            why[name] = "takes no side on label errors"
        elif costly:
            why[name] = f"needs {listed(costly)}: too dear here"
        elif trained_for(method.needs) and not inputs:
            why[name] = "needs a training, and there is nothing to train here"
        else:
            methods.append(method)
    return methods, why


def short_training(spec: TrainingSpec, modality: Modality) -> TrainingSpec:
    """The run's own training with one seed; images also get fewer epochs and folds."""
    short = replace(without_weights(spec), seeds=1, checkpoints=1)
    if modality is not Modality.IMAGE:
        return short
    epochs = _IMAGE_EPOCHS if spec.epochs is None else min(spec.epochs, _IMAGE_EPOCHS)
    return replace(short, epochs=epochs, folds=min(spec.folds, _IMAGE_FOLDS))


def rescore(
    examples: ExampleTable,
    methods: Sequence[ScoreMethod],
    spec: RunSpec,
    embedding: np.ndarray | None,
    folder: Path,
    progress: Progress,
    factory: Callable[..., Any] | None = None,
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """({score: [N] suspicion, high = suspected}, {score: why it failed}); evidence lands in `folder` and is resumed.

    factory: makes the person's own network.
    """
    signals = trained_for(signal for method in methods for signal in method.needs)
    evidence = Evidence()
    if signals:
        from core.training.evidence import gather_evidence

        evidence = gather_evidence(
            examples,
            short_training(spec.training, examples.modality),
            signals,
            folder=folder,
            seed=spec.seed,
            progress=progress,
            trusted_factory=factory,
        )
    evidence = replace(evidence, embedding=None if embedding is None else np.asarray(embedding))
    suspicion, failed = {}, {}
    for method in methods:
        params = params_from_dict(method.params, dict(spec.score_params.get(method.name, {})))
        if method.also_needs and method.also_needs(params):  # more trainings: too dear here
            params = method.params()
        try:
            inputs = ScoreInputs(examples, evidence, method.needs, spec.seed)
            result = method.compute(inputs, params, progress)
        except CurationError as error:
            failed[method.name] = str(error)
            continue
        suspicion[method.name] = method.orientation[Goal.FIND_NOISE] * np.asarray(result.values, np.float64)
    return suspicion, failed
