"""From examples and a network, trained or not, to a table of scores."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.models.frozen import frozen_named
from core.models.frozen.features import features_of
from core.runs.plan.prepare import check_training, refuse_absent_device
from core.types.errors import DataError
from core.types.evidence import Evidence
from core.types.examples import ExampleTable, Modality
from core.types.image_format import with_image_format
from core.types.progress import Progress, SilentProgress
from core.types.runs import TrainingSpec
from core.types.signals import Signal, trained_for, with_logits

from .given_data import given_examples, image_format_of_table, refuse_no_network
from .network_inputs import NetworkInputs, as_array
from .scored import Scored, ScoreNames, Settings, chosen, score_all, settings_of

if TYPE_CHECKING:
    from torch import nn


def score(
    data: Any,
    network: nn.Module | None = None,
    *,
    scores: ScoreNames = "all",
    checkpoints: Sequence[Any] | None = None,
    held_out: Any = None,
    class_names: Sequence[str] | None = None,
    embeddings: Any = None,
    encoder: str = "",
    image_size: Any = None,
    mean: Any = None,
    std: Any = None,
    learning_rates: Sequence[float] = (),
    weight_decay: float = 0.0,
    training: TrainingSpec | None = None,
    device: str = "",
    params: Settings | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Scored:
    """Score every example of `data`.

    data: an ExampleTable (`load_examples`, `examples_from`), a pair (inputs, labels), or a torch Dataset or DataLoader
    (one that does not shuffle) of pairs or dicts, of which `labels` or `label` is the label. Inputs are one array or
    tensor, a tuple of them, or a dict by the names of the network's arguments, such as a tokenizer's output; floats
    become float32, and whole numbers stay so where they are token ids. Rows of ids may differ in length beside an
    attention_mask. network: an nn.Module, already trained, whose last Linear layer makes the logits [b, C] that it
    returns, alone or as `.logits` of its output. It is not changed.
    Without a network the built-in one for the data is trained as `training` says. Labels are whole numbers as the
    network's outputs count them, or names with class_names= (one per output, in their order).

    checkpoints: state_dicts, files of them (.safetensors, .pt) or folders of save_pretrained, in order of training, or
    one such list per seed, for what needs several moments (VoG, training dynamics, TracIn); learning_rates: [T] of
    those moments. held_out: bool [N], targets and no candidates.
    image_size (224, or height and width), mean, std (one number per channel, after x / 255): how the network wants the
    images of an ExampleTable; asked for where one of your own reads such a table. Arrays reach it as they are.
    embeddings: [N, d] for density and valuation; by default the inputs themselves, of token ids the features of the
    network. params: settings by score name.
    encoder: a frozen encoder (`efficientnet_lite0`) for the embedding and, without a network of yours, in front of the
    one trained here. `ModelError` where it is not installed or reads other examples.

    device: auto, cpu, cuda or mps: where networks and the encoder work; by default a network of yours where it is,
    others on CUDA where there is one. `ModelError` for one that is not here.

    Returns `Scored`: with scores="all", what these data cannot give is named in `.skipped`; a score asked for by name
    raises `CurationError` instead. Nothing is written but a temporary folder while a built-in network is trained.
    """
    refuse_no_network(network)
    report, spec = progress or SilentProgress(), with_image_format(training or TrainingSpec(), image_size, mean, std)
    device = "" if device == "auto" else device
    if device:
        spec = replace(spec, device=device)
        refuse_absent_device(device)
    examples, inputs = given_examples(data, held_out, class_names, network)
    if encoder:
        spec = replace(spec, encoder=encoder)
        frozen_named(encoder, examples.modality) if network is not None else check_training(spec, examples.modality)
    needed = _needed(scores, params, inputs)
    if encoder and (network is None or Signal.EMBEDDING in needed):  # whoever asks for the vectors finds them kept
        features_of(frozen_named(encoder, examples.modality), examples, report, device=spec.device)
    with tempfile.TemporaryDirectory(prefix="chaffinch-") as scratch:
        if network is not None:
            from .own_network import History, observe

            history = History(checkpoints, tuple(learning_rates), weight_decay, device)
            image_format = image_format_of_table(examples, inputs, spec)
            evidence, have = observe(network, examples, inputs, needed, image_format, history, report)
        else:
            evidence, have = _train(examples, needed, spec, Path(scratch), seed, report)
        given = _embeddings(embeddings, inputs, evidence, encoder)
        evidence, have = _with_inputs(evidence, have, examples, given, encoder or "auto", needed, seed, report)
        return score_all(examples, evidence, have, scores=scores, params=params, seed=seed, progress=progress)


def _needed(scores: ScoreNames, params: Settings | None, inputs: NetworkInputs | None) -> frozenset[Signal]:
    methods = chosen(scores)[0]
    needed = frozenset(signal for method in methods for signal in method.needs_with(settings_of(method, params)))
    of_features = Signal.EMBEDDING in needed and inputs is not None and inputs.vectors is None
    return needed | {Signal.FEATURES} if of_features else needed


def _train(
    examples: ExampleTable, needed: frozenset[Signal], spec: TrainingSpec, folder: Path, seed: int, progress: Progress
) -> tuple[Evidence, frozenset[Signal]]:
    if examples.modality is Modality.TRACE:
        raise DataError("Without inputs there is nothing to train on.", "Give inputs, or a network.")
    from core.training.evidence import gather_evidence

    signals = trained_for(needed) - {Signal.INPUT_GRADIENT_SPREAD} if spec.is_linear_head else trained_for(needed)
    recorded = with_logits(signals)
    evidence = gather_evidence(examples, spec, recorded, folder=folder, seed=seed, progress=progress)
    return evidence, recorded


def _embeddings(embeddings: Any, inputs: NetworkInputs | None, evidence: Evidence, encoder: str) -> np.ndarray | None:
    """What distances are measured by: vectors that were given, or the inputs of the person's own network.

    Of token ids and inputs of several parts, the features that the network has of them at its last checkpoint.
    """
    if embeddings is not None:
        return as_array(embeddings)
    if inputs is None or encoder:
        return None
    return evidence.checkpoints[-1].features if inputs.vectors is None else inputs.vectors


def _with_inputs(
    evidence: Evidence,
    have: frozenset[Signal],
    examples: ExampleTable,
    given: np.ndarray | None,
    how: str,
    needed: frozenset[Signal],
    seed: int,
    progress: Progress,
) -> tuple[Evidence, frozenset[Signal]]:
    """Evidence that needs no network: vectors of the inputs, and texts."""
    if Signal.EMBEDDING in needed:
        from core.embeddings import embed_inputs

        vectors, name = embed_inputs(examples, seed, how, given=given, progress=progress)
        evidence = replace(evidence, embedding=vectors.astype(np.float32), embedding_name=name)
        have |= {Signal.EMBEDDING}
    if Signal.TEXTS in needed and examples.modality is Modality.TEXT:
        evidence, have = replace(evidence, texts=examples.inputs), have | {Signal.TEXTS}
    return evidence, have
