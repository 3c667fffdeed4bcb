"""From a dataset and a question about training to everything the scores may read, each thing made once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.models.stored import save_card, save_estimator
from core.numerics.devices import derive_seed
from core.types.evidence import CheckpointEvidence, Evidence
from core.types.examples import ExampleTable, Modality
from core.types.progress import Progress, SilentProgress
from core.types.runs import BEST, TrainingSpec
from core.types.signals import Signal, gathered
from core.types.trace import Checkpoint, TrainingTrace

from .candidates import candidates
from .fitting import TrainingSetup, fit_fold, fit_seed
from .folds import assign_folds, estimator_probabilities, fit, fold_probabilities, network_folds
from .given_weights import refuse_unfit, trace_of_given
from .job import TrainingJob, prepare, wanted_image_format
from .judging import choose, judge_name, kept
from .passes import batches_per_pass
from .plan import kept_epochs, stages
from .probing import refused_signals
from .reuse import Reuse

_ROUGH = "Logits and features were taken in bfloat16 wherever no gradient was asked for at the same checkpoint."


@dataclass(frozen=True)
class Resources:
    """What a gathering may use besides the data; none of it changes a number.

    memory: bytes that a pass may take; features that would take an eighth of it are written as they come. cache: folder
    with an index of other runs' files; trainings and signals finished there are copied, not made again.
    """

    memory: int | None = None
    cache: Path | None = None


def gather_evidence(
    examples: ExampleTable,
    spec: TrainingSpec,
    signals: frozenset[Signal],
    *,
    folder: Path,
    seed: int,
    progress: Progress,
    trusted_factory: Callable[..., Any] | None = None,
    resources: Resources = Resources(),
) -> Evidence:
    """Train spec.seeds networks, pass over their kept checkpoints, and cross-fit what must not have seen a row.

    Arrays land in `folder`/arrays as .npy (returned as memory maps), weights and encoder in `folder`/model. Called
    again after a kill, it goes on after the last whole epoch and returns what an uninterrupted call would have, bit
    for bit; finished pieces are only read. EMBEDDING is not made here. Raises `RunError` when the folder holds the
    evidence of another question, `ModelError` for models and weights that do not fit or must not be run, `DataError`
    without labels.

    trusted_factory: makes the person's own network in place of spec.model; calling it runs their code.
    """
    trained_signals = gathered(signals)
    if not trained_signals:
        return Evidence()
    job = prepare(examples, spec, trained_signals, Path(folder), seed, progress, trusted_factory, resources.memory)
    setup, refused = (None, {}) if job.probabilities_only else _setup(job)
    job.claim()
    if refused:
        job = replace(job, signals=job.signals - {signal for signal in job.signals if signal.value in refused})
    parts: dict[str, Any] = {}
    checkpoints: tuple[Checkpoint, ...] = ()
    notes: tuple[str, ...] = ()
    if setup is not None and any(signal.at_checkpoints for signal in trained_signals):
        trace, notes = _trace(job, setup, Reuse(job, resources.cache))
        checkpoints = trace.checkpoints
        parts |= {"trace": trace, **_checkpoint_parts(job, setup, trace)}
    folded, estimator = _fold_parts(job, setup)
    if spec.bf16 and setup is not None:
        notes = (*notes, _ROUGH)
    save_card(job.recorder.folder / "model", job.card(checkpoints, estimator, notes), job.encoder)
    decay = 0.0 if setup is None else setup.plan.weight_decay
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
    """Refuse, before any work, a person's network or weights that do not fit the data; writes nothing.

    factory: gives what `gather_evidence` takes as trusted_factory; asked only when nothing else is to be refused.
    Raises `ModelError`. A built-in model that is trained here can only be told wrongly the format of its images.
    """
    wanted = gathered(signals)
    wanted_image_format(examples, spec if wanted else replace(spec, weights=()), spec.brought and bool(wanted))
    if wanted and (spec.brought or spec.weights or spec.mean):
        job = prepare(examples, spec, wanted, folder, seed, SilentProgress(), factory())
        if not job.probabilities_only:
            refuse_unfit(job)


def _setup(job: TrainingJob) -> tuple[TrainingSetup, dict[str, str]]:
    """What all trainings share, and which signals the person's own network cannot give, with the reason."""
    refuse_unfit(job)
    encoded = job.encoder.encode(job.examples, job.recorder.work)
    refused = {} if job.factory is None else refused_signals(job.network(0), encoded, job.examples.labels, job.signals)
    plan = job.plan
    batches = batches_per_pass(job.network(0), job.encoder.shape, len(encoded), job.memory)
    return TrainingSetup(
        encoded,
        job.examples.labels,
        job.examples.train_rows,
        plan,
        kept_epochs(plan.epochs, job.spec.checkpoints),
        job.signals - {signal for signal in job.signals if signal.value in refused},
        batches,
        job.network,
        job.memory,
        job.spec.bf16,
    ), refused


def _trace(job: TrainingJob, setup: TrainingSetup, reuse: Reuse) -> tuple[TrainingTrace, tuple[str, ...]]:
    if job.spec.weights or job.as_it_is:
        return trace_of_given(job, setup, reuse)
    examples, recorder, epochs = job.examples, job.recorder, setup.plan.epochs
    logits = recorder.open_logits(len(job.seeds), epochs, len(examples), examples.class_count)
    seen = recorder.open_array("seen_correct", (len(job.seeds), epochs, len(examples)), np.uint8)
    reuse.restore(setup, setup.kept, logits, seen)
    notes: tuple[str, ...] = ()
    checkpoints: list[Checkpoint] = []
    rates: list[float] = []
    for index, seed in enumerate(job.seeds):
        job.progress.stage(f"Training seed {index + 1} of {len(job.seeds)}", setup.steps)
        rates, notes = fit_seed(setup, index, seed, recorder, logits, seen, job.progress)
        checkpoints += [recorder.checkpoint(index, seed, epoch, rates[epoch - 1]) for epoch in setup.kept]
    reuse.publish(setup.signals, setup.kept, len(job.seeds))
    trained = np.zeros(len(examples), bool)
    trained[setup.rows] = True
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


def _checkpoint_parts(job: TrainingJob, setup: TrainingSetup, trace: TrainingTrace) -> dict[str, Any]:
    recorder, number = job.recorder, {seed: index for index, seed in enumerate(trace.seeds)}
    has_bias = setup.build(0).head.bias is not None
    checkpoints = []
    for checkpoint in trace.checkpoints:
        index = number[checkpoint.seed]
        name = f"s{index}-e{checkpoint.epoch}"
        checkpoints.append(
            CheckpointEvidence(
                checkpoint,
                trace.logits[index, trace.epochs.index(checkpoint.epoch)],
                recorder.read(f"features-{name}"),
                recorder.read(f"gradient_norm-{name}"),
                has_bias,
            )
        )
    if Signal.INPUT_GRADIENT_SPREAD not in job.signals:
        return {"checkpoints": tuple(checkpoints)}
    epochs = stages(tuple(sorted({c.epoch for c in trace.checkpoints})))
    spread = {name: np.stack([_read(job, f"spread-{name}-s{i}") for i in range(len(trace.seeds))]) for name in epochs}
    return {"checkpoints": tuple(checkpoints), "input_gradient_spread": spread, "stage_epochs": epochs}


@dataclass(frozen=True)
class _FoldQuestion:
    """What is cross-fitted: fold networks for themselves, and probabilities, from those networks or an estimator."""

    models: bool
    probabilities: bool
    by_network: bool

    @classmethod
    def of(cls, job: TrainingJob, has_network: bool) -> _FoldQuestion:
        """What the signals of a job ask of folds; has_network: whether its model is a network and no estimator."""
        is_trained = has_network and not job.as_it_is
        # a head on a frozen encoder takes a second per fold, a network of images is the best judge of images there is
        is_image, by_head = job.examples.modality is Modality.IMAGE, bool(job.spec.encoder)
        models = Signal.FOLD_MODELS in job.signals and len(job.examples.held_out_rows) == 0 and is_trained
        probabilities = Signal.OUT_OF_FOLD in job.signals and not (is_image and job.as_it_is)
        return cls(models, probabilities, probabilities and (is_image or by_head) and is_trained)


def _fold_parts(job: TrainingJob, setup: TrainingSetup | None) -> tuple[dict[str, Any], str]:
    """Out-of-fold probabilities and fold networks, and the name of the stored estimator.

    Images and heads of frozen encoders: one set of cross-fitted networks gives both. Otherwise probabilities come from
    a scikit-learn model, and networks are cross-fitted only for FOLD_MODELS without a held-out split, where nothing
    else can serve as target.
    """
    question = _FoldQuestion.of(job, setup is not None)
    if not question.probabilities and not question.models:
        return {}, ""
    fold_of = assign_folds(job.examples, job.examples.train_rows, job.spec.folds, job.seed)
    parts: dict[str, Any] = {}
    if (question.models or question.by_network) and setup is not None:
        parts = _cross_fitted(job, setup, fold_of, question)
    estimator = ""
    if question.probabilities and not question.by_network:
        parts, estimator = {**parts, **_estimated(job, fold_of)}, job.estimator()[0]
    if question.probabilities and job.spec.judge == BEST:
        parts |= _judged(job, setup, fold_of, parts)
    return parts, estimator


def _judged(
    job: TrainingJob, setup: TrainingSetup | None, fold_of: np.ndarray, parts: dict[str, Any]
) -> dict[str, Any]:
    """The same parts, with the probabilities of whoever judges these labels best."""
    own = parts["out_of_fold_model"], np.asarray(parts["out_of_fold"])
    others = [(c.name, kept(job.recorder, c)) for c in candidates(job, setup, fold_of, own[0])]
    table, probabilities = choose(own, others, job.examples.labels, fold_of)
    return {"judges": table, "out_of_fold": probabilities, "out_of_fold_model": judge_name(table)}


def _cross_fitted(
    job: TrainingJob, setup: TrainingSetup, fold_of: np.ndarray, question: _FoldQuestion
) -> dict[str, Any]:
    seed = derive_seed("folds", job.seed)
    models = network_folds(setup, fold_of, seed, job.recorder, job.progress, fit_fold)
    parts: dict[str, Any] = {"fold_models": models if question.models else ()}
    if question.by_network:
        parts |= {
            "out_of_fold": fold_probabilities(models, fold_of),
            "out_of_fold_model": f"{job.name}{f' on {job.spec.encoder}' if job.spec.encoder else ''}, cross-fitted",
        }
    return parts


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
