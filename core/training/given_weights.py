"""Evidence from a person's own checkpoints, in order of training, or from their network as it is: no training here."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from core.models.adapter import check_input, own_module
from core.models.encoding import subset
from core.models.stored import save_network, weights_of
from core.models.uploaded import fit_state, read_state_dict
from core.store.atomic import sha256_of
from core.types.signals import Signal, at_epoch
from core.types.trace import TrainingTrace

from .fitting import Material, features_file, take
from .job import TrainingJob
from .loop import to_device
from .plan import kept_epochs, stages
from .reuse import Reuse
from .spread import StageSpreads

_ALIKE = 1.0  # learning rate of checkpoints whose own is unknown: they weigh the same


def refuse_unfit(job: TrainingJob) -> None:
    """Make the person's network, fit every file of spec.weights and run one example, before any work; writes nothing.

    `ModelError` names what does not fit.
    """
    if job.factory is None and not job.spec.weights:
        return
    row = job.examples.train_rows[:1]
    example = job.encoder.encode(subset(job.examples, row)).batch(np.arange(1))
    for path in map(Path, job.spec.weights or [""]):
        network = job.network(0)
        if job.spec.weights:
            fit_state(own_module(network), read_state_dict(path), path.name)
        check_input(network, job.encoder.shape, to_device(example, next(network.parameters()).device))


def visit_given(job: TrainingJob, material: Material, reuse: Reuse) -> tuple[TrainingTrace, tuple[str, ...]]:
    """Visit each file of spec.weights once, as epochs 1..T of one seed; without files the network as it is, once."""
    paths, recorder, examples = [Path(p) for p in job.spec.weights], job.recorder, job.examples
    seed, rate, moments = job.seeds[0], job.spec.learning_rate or _ALIKE, len(paths) or 1
    kept = kept_epochs(moments, job.spec.checkpoints)
    what = "checkpoints" if paths else "network"
    job.progress.stage(f"Visiting your {what}", moments * material.visit_batches)
    network = material.build(seed)
    logits = recorder.open_logits(1, moments, len(examples), examples.class_count)
    reuse.adopt(material, kept, logits, None)
    done = recorder.finished("seed-0")
    hashes = [sha256_of(path) for path in paths] or [_digest(network)]
    spreads = StageSpreads(
        len(examples),
        stages(kept) if Signal.INPUT_GRADIENT_SPREAD in material.signals else {},
        recorder.work,
        material.memory,
    )
    notes: set[str] = set()
    for epoch in range(1, moments + 1) if done is None or done["sha256"] != hashes else ():
        name = paths[epoch - 1].name if paths else job.name
        if paths:
            fit_state(own_module(network), read_state_dict(paths[epoch - 1]), name)
        signals = at_epoch(material.signals, epoch in kept)
        into = features_file(network, material, signals, recorder, f"s0-e{epoch}")
        found = take(network, material, epoch, signals, spreads, job.progress, logits[0, epoch - 1], into)
        notes.update(found.notes)
        if not np.isfinite(logits[0, epoch - 1]).all():
            bad = int((~np.isfinite(logits[0, epoch - 1]).all(axis=1)).sum())
            notes.add(f"{name}: the model's outputs are not finite for {bad} rows.")
        recorder.store(found.features, found.gradient_norm, 0, epoch)
        if epoch in kept:
            save_network(recorder.folder, recorder.checkpoint(0, seed, epoch, rate), network)
    logits.flush()  # type: ignore[attr-defined]
    for name, values in spreads.results.items():
        recorder.write(f"spread-{name}-s0", values)
    recorder.finish("seed-0", {"sha256": hashes, "notes": sorted(notes)})
    reuse.offer(material.signals, kept, 1)
    trained = np.zeros(len(examples), bool)
    trained[material.rows] = True
    epochs = tuple(range(1, moments + 1))
    checkpoints = tuple(recorder.checkpoint(0, seed, epoch, rate) for epoch in kept)
    readonly = recorder.read("logits")
    assert readonly is not None
    return TrainingTrace(readonly, (seed,), epochs, (rate,) * moments, trained, checkpoints), tuple(sorted(notes))


def _digest(network: Any) -> str:
    """sha256 of all weights: a factory that returns others the next time is noticed."""
    found = hashlib.sha256()
    for name, values in sorted(weights_of(network).items()):
        found.update(name.encode() + np.ascontiguousarray(values).tobytes())
    return found.hexdigest()
