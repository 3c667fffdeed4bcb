"""Evidence from a person's own checkpoints, in order of training, or from their network as it is: no training here."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.models.adapter import check_input
from core.models.encoding import subset
from core.models.stored import save_network, weights_of
from core.store.atomic import sha256_of
from core.types.signals import Signal, at_epoch
from core.types.trace import TrainingTrace

from .fitting import TrainingSetup, features_file, take_signals
from .job import TrainingJob
from .loop import to_device
from .passes import PassOutputs
from .plan import kept_epochs, stages
from .reuse import Reuse
from .spread import StageSpreads


def refuse_unfit(job: TrainingJob) -> None:
    """Make the person's network, fit every file of spec.weights and run one example, before any work; writes nothing.

    Raises `ModelError` naming what does not fit.
    """
    if job.factory is None and not job.spec.weights:
        return
    row = job.examples.train_rows[:1]
    example = job.encoder.encode(subset(job.examples, row)).batch(np.arange(1))
    for path in map(Path, job.spec.weights or [""]):
        network = job.network(0)
        if job.spec.weights:
            job.fill(network, path)
        check_input(network, job.encoder.shape, to_device(example, next(network.parameters()).device))


def trace_of_given(job: TrainingJob, setup: TrainingSetup, reuse: Reuse) -> tuple[TrainingTrace, tuple[str, ...]]:
    """One pass at each file of spec.weights, as epochs 1..T of one seed; without files, at the network as it is."""
    paths, recorder, examples = [Path(p) for p in job.spec.weights], job.recorder, job.examples
    seed, epochs = job.seeds[0], tuple(range(1, (len(paths) or 1) + 1))
    rates = tuple(map(job.rate, paths)) or (job.rate(None),)
    kept = kept_epochs(len(epochs), job.spec.checkpoints)
    job.progress.stage(f"Running your {'checkpoints' if paths else 'network'}", len(epochs) * setup.pass_batches)
    network = setup.build(seed)
    logits = recorder.open_logits(1, len(epochs), len(examples), examples.class_count)
    reuse.restore(setup, kept, logits, None)
    done = recorder.finished("seed-0")
    hashes = [sha256_of(path) for path in paths] or [_digest(network)]
    is_done = done is not None and done["sha256"] == hashes
    notes = _pass_over(job, setup, network, kept, logits[0], () if is_done else epochs)
    logits.flush()  # type: ignore[attr-defined]
    recorder.finish("seed-0", {"sha256": hashes, "notes": sorted(notes)})
    reuse.publish(setup.signals, kept, 1)
    trained = np.zeros(len(examples), bool)
    trained[setup.rows] = True
    checkpoints = tuple(recorder.checkpoint(0, seed, epoch, rates[epoch - 1]) for epoch in kept)
    readonly = recorder.read("logits")
    assert readonly is not None
    return TrainingTrace(readonly, (seed,), epochs, rates, trained, checkpoints), tuple(sorted(notes))


def _pass_over(
    job: TrainingJob,
    setup: TrainingSetup,
    network: Any,
    kept: Sequence[int],
    logits: np.ndarray,
    epochs: Sequence[int],
) -> set[str]:
    """Fill in logits [T, N, C] and store the signals of `epochs`, and the networks of those kept; returns notes."""
    paths, recorder, notes = [Path(p) for p in job.spec.weights], job.recorder, set[str]()
    with_spread = Signal.INPUT_GRADIENT_SPREAD in setup.signals
    spreads = StageSpreads(len(job.examples), stages(tuple(kept)) if with_spread else {}, recorder.work, setup.memory)
    for epoch in epochs:
        name = paths[epoch - 1].name if paths else job.name
        if paths:
            job.fill(network, paths[epoch - 1])
        signals = at_epoch(setup.signals, epoch in kept)
        into = PassOutputs(logits[epoch - 1], features_file(network, setup, signals, recorder, f"s0-e{epoch}"))
        taken = take_signals(network, setup, epoch, signals, spreads, job.progress, into)
        bad = int((~np.isfinite(logits[epoch - 1]).all(axis=1)).sum())
        notes |= {*taken.notes, *([f"{name}: the model's outputs are not finite for {bad} rows."] if bad else [])}
        recorder.store(taken.features, taken.gradient_norm, 0, epoch)
        if epoch in kept:
            rate = job.rate(paths[epoch - 1] if paths else None)
            save_network(recorder.folder, recorder.checkpoint(0, job.seeds[0], epoch, rate), network)
    for name, values in spreads.results.items():
        recorder.write(f"spread-{name}-s0", values)
    return notes


def _digest(network: Any) -> str:
    """sha256 of all weights: a factory that returns others the next time is noticed."""
    digest = hashlib.sha256()
    for name, values in sorted(weights_of(network).items()):
        digest.update(name.encode() + np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
