"""From a dataset and a question about training to everything the scores may read, each thing made once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.models.stored import save_card, save_estimator
from core.numerics.devices import derive_seed
from core.types.evidence import CheckpointEvidence, Evidence
from core.types.examples import ExampleTable, Modality
from core.types.progress import Progress, SilentProgress
from core.types.runs import TrainingSpec
from core.types.signals import Signal, gathered
from core.types.trace import Checkpoint, TrainingTrace

from .fitting import Material, fit_fold, fit_seed
from .folds import assign_folds, estimator_probabilities, fit, fold_probabilities, network_folds
from .given_weights import refuse_unfit, visit_given
from .job import TrainingJob, prepare, wanted_image_format
from .passes import visit_batches
from .plan import kept_epochs, stages
from .probing import refused_signals
from .reuse import Reuse

_ROUGH = "Logits and features were taken in bfloat16 wherever no gradient was asked for at the same checkpoint."


def gather_evidence(
    examples: ExampleTable,
    spec: TrainingSpec,
    signals: frozenset[Signal],
    *,
    folder: Path,
    seed: int,
    progress: Progress,
    trusted_factory: Callable[..., Any] | None = None,
    memory: int | None = None,
    shelf: Path | None = None,
) -> Evidence:
    """Train spec.seeds networks for the signals, visit their kept checkpoints, and cross-fit what must not have seen
    a row.

    Arrays land in `folder`/arrays as .npy (returned as memory maps), weights and encoder in `folder`/model. Called
    again
    after a kill, it goes on after the last whole epoch and returns what an uninterrupted call would have, bit for bit;
    finished pieces are only read. EMBEDDING is not made here. Raises `RunError` when the folder holds the evidence of
    another question, `ModelError` for models and weights that do not fit or must not be run, `DataError` without
    labels.

    trusted_factory: makes the person's own network in place of spec.model; calling it runs their code.
    memory: bytes that a pass may take; features that would take an eighth of it are written as they come.
    shelf: a folder that tells of other runs; trainings and signals finished there are copied, not made again.
    """
    wanted = gathered(signals)
    if not wanted:
        return Evidence()
    job = prepare(examples, spec, wanted, Path(folder), seed, progress, trusted_factory, memory)
    material, refused = (None, {}) if job.probabilities_only else _material(job)
    job.claim()
    if refused:
        job = replace(job, signals=job.signals - set(map(Signal, refused)))
    parts: dict[str, Any] = {}
    checkpoints: tuple[Checkpoint, ...] = ()
    notes: tuple[str, ...] = ()
    if material is not None and any(signal.at_checkpoints for signal in wanted):
        trace, notes = _trace(job, material, Reuse(job, shelf))
        checkpoints = trace.checkpoints
        parts |= {"trace": trace, **_checkpoint_parts(job, material, trace)}
    folded, estimator = _fold_parts(job, material)
    if spec.bf16 and material is not None:
        notes = (*notes, _ROUGH)
    save_card(job.recorder.folder / "model", job.card(checkpoints, estimator, notes), job.encoder)
    decay = 0.0 if material is None else material.plan.weight_decay
    return Evidence(**parts, **folded, weight_decay=decay, refused=refused)


def check_model(
    examples: ExampleTable,
    spec: TrainingSpec,
    signals: frozenset[Signal],
    factory: Callable[[], Callable[..., Any] | None],
    *,
    folder: Path,
    seed: int,
) -> None:
    """Refuse in words, before any work, an own network or weights that do not fit the data; writes nothing.

    factory: gives what `gather_evidence` takes as trusted_factory; asked only when nothing else is to be refused.
    Raises `ModelError`. A built-in model that is trained here can only be told wrongly how to see pictures.
    """
    wanted = gathered(signals)
    wanted_image_format(examples, spec if wanted else replace(spec, weights=()), spec.own_code and bool(wanted))
    if wanted and (spec.own_code or spec.weights or spec.mean):
        job = prepare(examples, spec, wanted, folder, seed, SilentProgress(), factory())
        if not job.probabilities_only:
            refuse_unfit(job)


def _material(job: TrainingJob) -> tuple[Material, dict[str, str]]:
    """What all trainings share, and which signals the person's own network cannot give, with the reason."""
    refuse_unfit(job)
    encoded = job.encoder.encode(job.examples, job.recorder.work)
    refused = {} if job.factory is None else refused_signals(job.network(0), encoded, job.examples.labels, job.signals)
    plan = job.plan
    batches = visit_batches(job.network(0), job.encoder.shape, len(encoded), job.memory)
    return Material(
        encoded,
        job.examples.labels,
        job.examples.train_rows,
        plan,
        kept_epochs(plan.epochs, job.spec.checkpoints),
        job.signals - set(map(Signal, refused)),
        batches,
        job.network,
        job.memory,
        job.spec.bf16,
    ), refused


def _trace(job: TrainingJob, material: Material, reuse: Reuse) -> tuple[TrainingTrace, tuple[str, ...]]:
    if job.spec.weights or job.as_it_is:
        return visit_given(job, material, reuse)
    examples, recorder, epochs = job.examples, job.recorder, material.plan.epochs
    logits = recorder.open_logits(len(job.seeds), epochs, len(examples), examples.class_count)
    seen = recorder.open_array("seen_correct", (len(job.seeds), epochs, len(examples)), np.uint8)
    reuse.adopt(material, material.kept, logits, seen)
    notes: tuple[str, ...] = ()
    checkpoints: list[Checkpoint] = []
    rates: list[float] = []
    for index, seed in enumerate(job.seeds):
        job.progress.stage(f"Training seed {index + 1} of {len(job.seeds)}", material.steps)
        rates, notes = fit_seed(material, index, seed, recorder, logits, seen, job.progress)
        checkpoints += [recorder.checkpoint(index, seed, epoch, rates[epoch - 1]) for epoch in material.kept]
    reuse.offer(material.signals, material.kept, len(job.seeds))
    trained = np.zeros(len(examples), bool)
    trained[material.rows] = True
    return TrainingTrace(
        _read(job, "logits"),
        job.seeds,
        tuple(range(1, epochs + 1)),
        tuple(rates),
        trained,
        tuple(checkpoints),
        _read(job, "seen_correct"),
    ), notes


def _read(job: TrainingJob, name: str) -> np.ndarray:
    values = job.recorder.read(name)
    assert values is not None
    return values


def _checkpoint_parts(job: TrainingJob, material: Material, trace: TrainingTrace) -> dict[str, Any]:
    recorder, number = job.recorder, {seed: index for index, seed in enumerate(trace.seeds)}
    has_bias = material.build(0).head.bias is not None
    visited = []
    for checkpoint in trace.checkpoints:
        index = number[checkpoint.seed]
        name = f"s{index}-e{checkpoint.epoch}"
        visited.append(
            CheckpointEvidence(
                checkpoint,
                trace.logits[index, trace.epochs.index(checkpoint.epoch)],
                recorder.read(f"features-{name}"),
                recorder.read(f"gradient_norm-{name}"),
                has_bias,
            )
        )
    if Signal.INPUT_GRADIENT_SPREAD not in job.signals:
        return {"checkpoints": tuple(visited)}
    epochs = stages(tuple(sorted({c.epoch for c in trace.checkpoints})))
    spread = {name: np.stack([_read(job, f"spread-{name}-s{i}") for i in range(len(trace.seeds))]) for name in epochs}
    return {"checkpoints": tuple(visited), "input_gradient_spread": spread, "stage_epochs": epochs}


def _fold_parts(job: TrainingJob, material: Material | None) -> tuple[dict[str, Any], str]:
    """Out-of-fold probabilities and fold networks, and the name of the stored estimator.

    Images: one set of cross-fitted networks gives both. Otherwise probabilities come from a scikit-learn model, and
    networks are cross-fitted only for FOLD_MODELS without a held-out split, where nothing else can serve as target.
    """
    examples, recorder = job.examples, job.recorder
    parts: dict[str, Any] = {}
    pictures, trained = examples.modality is Modality.IMAGE, material is not None and not job.as_it_is
    probabilities = Signal.OUT_OF_FOLD in job.signals and not (pictures and job.as_it_is)
    models_wanted = Signal.FOLD_MODELS in job.signals and len(examples.held_out_rows) == 0 and trained
    if not probabilities and not models_wanted:
        return {}, ""
    by_network = probabilities and pictures and trained
    fold_of = assign_folds(examples, examples.train_rows, job.spec.folds, job.seed)
    if (models_wanted or by_network) and material is not None:
        models = network_folds(material, fold_of, derive_seed("folds", job.seed), recorder, job.progress, fit_fold)
        parts["fold_models"] = models if models_wanted else ()
        if by_network:
            parts |= {
                "out_of_fold": fold_probabilities(models, fold_of),
                "out_of_fold_model": f"{job.name}, cross-fitted",
            }
    if probabilities and not by_network:
        return {**parts, **_estimated(job, fold_of)}, job.estimator()[0]
    return parts, ""


def _estimated(job: TrainingJob, fold_of: np.ndarray) -> dict[str, Any]:
    name, make = job.estimator()
    done = job.recorder.finished("estimator")
    if done is None:
        examples = job.examples
        matrix = job.encoder.matrix(examples)
        values = estimator_probabilities(
            make, matrix, examples.labels, fold_of, examples.class_count, job.recorder, job.progress
        )
        job.recorder.write("out_of_fold", values)
        rows = examples.train_rows
        save_estimator(job.recorder.folder / "model", fit(make, matrix[rows], examples.labels[rows]))
        job.recorder.finish("estimator", {"name": name})
    return {"out_of_fold": np.array(_read(job, "out_of_fold")), "out_of_fold_model": name}
