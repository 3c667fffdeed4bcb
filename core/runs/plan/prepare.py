"""What a question needs: which scores, which signals, and which scores cannot run here, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.datasets import source_path
from core.models import AUTO, HEAD, MODELS, ModelFamily, families_of_auto
from core.models.frozen import frozen_named
from core.models.image_inputs import image_format_of, refuse_unknown
from core.models.sources import refuse_unreadable
from core.models.uploaded import refuse_other_files
from core.scores import SCORES, ScoreMethod, own_method, score_named
from core.types.errors import CurationError, ModelError
from core.types.evidence import EvidenceStatement, GivenEvidence
from core.types.examples import UNLABELED, ExampleTable, Modality
from core.types.image_format import ImageFormat, image_format_in
from core.types.params import params_from_dict
from core.types.recorded import OwnScore
from core.types.registry import find
from core.types.runs import RunSpec, ScorePlan, TrainingSpec
from core.types.signals import Signal

from .recorded_files import check_recorded
from .sources_of_evidence import evidence_of, why_missing


def check_spec(spec: RunSpec) -> None:
    """Mistakes in names and settings are told before anything is loaded or written."""
    source_path(spec.source)
    chosen_scores(spec)
    check_recorded(spec)
    for name, settings in spec.score_params.items():
        params_from_dict(score_named(name).params, dict(settings))
    if not spec.training.brought and spec.training.model != "auto":
        find(spec.training.model, MODELS, "model", ModelError, also="module:factory")
    modality = Modality(spec.modality) if spec.modality else None
    _check_settings(spec.training, modality)
    check_training(spec.training, modality)


def check_with_data(spec: RunSpec, examples: ExampleTable, methods: Sequence[ScoreMethod]) -> None:
    """Mistakes that only the data shows are told once it is read and before any work. Raises `ModelError`.

    Nobody asked for the default number of folds: where so few rows do not make them, the other scores are computed.
    """
    from core.training.folds import refuse_too_many_folds  # torch comes with it

    _check_settings(spec.training, examples.modality)
    if spec.training.encoder:
        frozen_named(spec.training.encoder, examples.modality)
    is_chosen = spec.training.folds > TrainingSpec.folds and examples.modality is not Modality.TRACE
    if is_chosen and signals_needed(methods, spec) & {Signal.OUT_OF_FOLD, Signal.FOLD_MODELS}:
        refuse_too_many_folds(examples, spec.training.folds)


def check_training(training: TrainingSpec, modality: Modality | None = None) -> None:
    """Refuse weights that are no files of weights, sizes that are none, and what must be asked for where it is known
    that the data are images. Reads little, unpickles nothing, needs no torch. Raises `ModelError`.
    """
    if training.encoder:
        _refuse_beside_encoder(training, modality)
    for path in training.weights:
        refuse_other_files(Path(path))
    refuse_unreadable(training)
    refuse_absent_device(training.device)
    image_format = image_format_of(training)
    if modality is Modality.IMAGE and (training.brought or training.weights):
        refuse_unknown(image_format, training.model)
    _refuse_network_settings(training, image_format)
    if training.epochs == 0 and not training.as_it_is:
        raise ModelError(
            "epochs is 0, and a built-in network that was not trained knows nothing.",
            "Give 1 or more; 0 is for module:factory, when it returns a network that is trained already.",
        )


def _refuse_beside_encoder(training: TrainingSpec, modality: Modality | None) -> None:
    """Raise `ModelError` for an encoder that is not here or does not fit, and for what it has no place for."""
    frozen_named(training.encoder, modality)
    if training.brought:
        raise ModelError(
            f"{training.model} reads the inputs themselves, not the vectors of --encoder {training.encoder}.",
            "Leave out one of the two.",
        )
    if training.weights or image_format_in(training) != ImageFormat():
        raise ModelError(
            f"The encoder {training.encoder} sees images at its own size, and its head is trained here in seconds.",
            "Leave out --weights, --image-size, --mean and --std.",
        )


def refuse_absent_device(device: str) -> None:
    """Raise `ModelError` for a device that is not here; torch is asked for others than the CPU alone."""
    if device not in ("", "cpu"):
        from core.numerics.devices import choose_device

        choose_device(device)


def _refuse_network_settings(training: TrainingSpec, image_format: ImageFormat) -> None:
    """Raise `ModelError` for what only a network could take, given to a model that is none."""
    estimator = training.model in (family.name for family in MODELS if family.probabilities_only)
    if estimator and (training.weights or image_format.mean):
        given = "--weights" if training.weights else "--mean and --std"
        raise ModelError(f"{training.model} is no network: {given} cannot reach it.", "Leave out, or name a network.")


def _check_settings(training: TrainingSpec, modality: Modality | None) -> None:
    """Settings of the model that is named, or of each that `auto` may stand for: one of them must take them."""
    if training.brought and training.model_params:
        raise ModelError(
            f"{training.model} takes no settings: {', '.join(training.model_params)}.", "They belong where it was made."
        )
    refusals = []
    for family in _families(training, modality):
        try:
            params_from_dict(family.params, dict(training.model_params))
        except CurationError as error:
            refusals.append(error)
        else:
            return
    if refusals:
        raise refusals[0]


def _families(training: TrainingSpec, modality: Modality | None) -> list[ModelFamily]:
    """What the model that is named may turn out to be."""
    if training.model == AUTO.name and not training.encoder:
        return list(families_of_auto(modality))
    name = HEAD if training.model == AUTO.name else training.model
    return [family for family in MODELS if family.name == name]


def embedding_named(spec: RunSpec) -> str:
    """The embedding that a spec asks for: the frozen encoder's, unless another is named."""
    return spec.training.encoder if spec.training.encoder and spec.embedding == "auto" else spec.embedding


def said_of_vectors(spec: RunSpec) -> tuple[str, ...]:
    """What goes by which vectors, in two lines, where a run has a person's own and an encoder's; () elsewhere."""
    if spec.recorded.embeddings is None or not spec.training.encoder:
        return ()
    return (
        f"Neighbors, duplicates, the map and scores of density and value go by --embeddings "
        f"{Path(spec.recorded.embeddings).name}.",
        f"The model reads the vectors of --encoder {spec.training.encoder}: leave it out to train on the data itself.",
    )


def chosen_scores(spec: RunSpec, own: Sequence[OwnScore] = ()) -> tuple[ScoreMethod, ...]:
    """The methods that a spec asks for, in registry order, then the person's own scores; an unknown name is refused.

    own: as read; a name that is none of ours may be one of theirs, and is only known then. Raises `CurationError`.
    """
    mine = tuple(own_method(one) for one in own)
    if "all" in spec.scores:
        return (*SCORES, *mine)
    theirs = {method.name for method in mine}
    waits = spec.recorded.score_columns is not None and not own
    names = {name for name in spec.scores if name not in theirs and not (waits and not _is_ours(name))}
    chosen = {score_named(name).name for name in names}
    return (*(method for method in SCORES if method.name in chosen), *mine)


def _is_ours(name: str) -> bool:
    return any(method.name == name for method in SCORES)


def signals_needed(methods: Sequence[ScoreMethod], spec: RunSpec) -> frozenset[Signal]:
    """The union of the methods' signals: each is computed once."""
    return frozenset(signal for method in methods for signal in needs_of(method, spec))


def needs_of(method: ScoreMethod, spec: RunSpec) -> tuple[Signal, ...]:
    """What one score reads under the settings of `spec`."""
    return method.needs_with(params_of(method, spec))


def params_of(method: ScoreMethod, spec: RunSpec) -> Any:
    """The settings of one score in `spec`."""
    return params_from_dict(method.params, dict(spec.score_params.get(method.name, {})))


def plan_scores(
    spec: RunSpec, examples: ExampleTable | None = None, given: GivenEvidence | None = None
) -> list[ScorePlan]:
    """One line per score, registered and own; without examples only the sources of evidence are looked at."""
    has = evidence_of(spec, examples, given)
    own = given.own_scores if given is not None else ()
    through = bool(spec.training.encoder) or (given is not None and given.embeddings is not None)
    planned = [_plan_one(method, spec, examples, has, through) for method in SCORES]
    return [*planned, *(ScorePlan(one.name, True) for one in own)]


def _plan_one(
    method: ScoreMethod, spec: RunSpec, examples: ExampleTable | None, has: EvidenceStatement, through: bool
) -> ScorePlan:
    """through: the examples are seen through an encoder, ours or the person's own."""
    why = _missing_labels(method, examples) or _missing_evidence(method, spec, has)
    if not why and method.through_encoder and not through:
        why = "needs an encoder: ask for one with --encoder, or give embeddings"
    if not why and examples is not None:
        why = method.why_not_with(examples, params_of(method, spec))
    return ScorePlan(method.name, not why, why)


def _missing_labels(method: ScoreMethod, examples: ExampleTable | None) -> str:
    if examples is None or not method.needs_labels:
        return ""
    labeled = examples.labels[examples.labels != UNLABELED]
    if len(labeled) == 0:
        return "needs labels: this dataset has none"
    return "needs two classes or more: every label is the same" if len(np.unique(labeled)) < 2 else ""


def _missing_evidence(method: ScoreMethod, spec: RunSpec, has: EvidenceStatement) -> str:
    why = why_missing(frozenset(needs_of(method, spec)), has)
    if not why and has.moments is not None and has.moments < method.least_checkpoints:
        there = "1 is kept" if has.moments == 1 else f"{has.moments} are kept"
        return f"needs {method.least_checkpoints} checkpoints of the training: {there}"
    if not why and has.epochs is not None and has.epochs < method.least_epochs:
        return f"needs {method.least_epochs} epochs: it has logits of {has.epochs}"
    return why


def runnable(plans: Sequence[ScorePlan], spec: RunSpec, own: Sequence[OwnScore] = ()) -> list[ScoreMethod]:
    """The asked-for scores that can be computed; raises when there is none."""
    why = {plan.name: plan.why_not for plan in plans if not plan.runs}
    asked = chosen_scores(spec, own)
    if all(method.name in why for method in asked):
        reasons = sorted({why[method.name] for method in asked})
        raise CurationError(
            f"None of the scores can be computed here: {'; '.join(reasons)}.",
            "Choose other scores, or another model or label column.",
        )
    return [method for method in asked if method.name not in why]
