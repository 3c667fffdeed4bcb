"""Evidence from a person's own checkpoints, in order of training, instead of training here."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.models.adapter import check_input
from core.models.encoding import Encoded
from core.models.stored import save_network
from core.models.uploaded import fit_state, read_state_dict
from core.store.atomic import sha256_of
from core.types.methods import Signal
from core.types.trace import TrainingTrace

from .fitting import Material, features_file, take
from .job import TrainingJob
from .plan import kept_epochs, stages
from .reuse import Reuse
from .spread import StageSpreads

_DEAR = frozenset({Signal.FEATURES, Signal.GRADIENT_NORM, Signal.INPUT_GRADIENT_SPREAD})
_ALIKE = 1.0  # learning rate of checkpoints whose own is unknown: they weigh the same


def check_weights(job: TrainingJob, encoded: Encoded) -> None:
    """Read and fit every file of spec.weights before anything is written; `ModelError` names what does not fit."""
    for path in map(Path, job.spec.weights):
        network = job.network(0)
        fit_state(network, read_state_dict(path), path)
        check_input(network, job.encoder.shape, encoded.batch(job.examples.train_rows[:1]))


def visit_weights(job: TrainingJob, material: Material, reuse: Reuse) -> tuple[TrainingTrace, tuple[str, ...]]:
    """Visit each file of spec.weights once, as epochs 1..T of one seed; refuse in words those that do not fit."""
    paths, recorder, examples = [Path(p) for p in job.spec.weights], job.recorder, job.examples
    seed, rate = job.seeds[0], job.spec.learning_rate or _ALIKE
    kept = kept_epochs(len(paths), job.spec.checkpoints)
    job.progress.stage("Visiting your checkpoints", len(paths) * material.visit_batches)
    network = material.build(seed)
    logits = recorder.open_logits(1, len(paths), len(examples), examples.class_count)
    reuse.adopt(material, kept, logits, None)
    done = recorder.finished("seed-0")
    hashes = [sha256_of(path) for path in paths]
    spreads = StageSpreads(
        len(examples),
        stages(kept) if Signal.INPUT_GRADIENT_SPREAD in material.signals else {},
        recorder.work,
        material.memory,
    )
    notes: set[str] = set()
    for epoch, path in enumerate(paths, start=1) if done is None or done["sha256"] != hashes else ():
        fit_state(network, read_state_dict(path), path)
        signals = material.signals & _DEAR if epoch in kept else frozenset()
        into = features_file(network, material, signals, recorder, f"s0-e{epoch}")
        found = take(network, material, epoch, signals, spreads, job.progress, logits[0, epoch - 1], into)
        notes.update(found.notes)
        if not np.isfinite(logits[0, epoch - 1]).all():
            bad = int((~np.isfinite(logits[0, epoch - 1]).all(axis=1)).sum())
            notes.add(f"{path.name}: the model's outputs are not finite for {bad} rows.")
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
    epochs = tuple(range(1, len(paths) + 1))
    checkpoints = tuple(recorder.checkpoint(0, seed, epoch, rate) for epoch in kept)
    readonly = recorder.read("logits")
    assert readonly is not None
    return TrainingTrace(readonly, (seed,), epochs, (rate,) * len(paths), trained, checkpoints), tuple(sorted(notes))
