"""Train one seed and, at the end of each epoch, take and record what the scores need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.models.encoding import Encoded
from core.models.stored import load_into, save_network
from core.store.checkpoints import read_weights
from core.types.progress import Progress, SilentProgress
from core.types.signals import Signal, at_epoch

from .loop import EpochEnd, batches_per_epoch, make_optimizer, train
from .passes import Visit, visit
from .plan import TrainingPlan, stages
from .recorder import Recorder
from .spread import StageSpreads


@dataclass(frozen=True, eq=False)
class Material:
    """What every training of a run shares. kept: epochs whose weights and costly signals are kept."""

    encoded: Encoded
    labels: np.ndarray
    rows: np.ndarray
    plan: TrainingPlan
    kept: tuple[int, ...]
    signals: frozenset[Signal]
    visit_batches: int
    build: Callable[[int], Any]  # seed -> network
    memory: int | None = None  # bytes that a pass may take
    bf16: bool = False

    @property
    def steps(self) -> int:
        """How often progress advances in one seed."""
        return self.plan.epochs * (batches_per_epoch(len(self.rows), self.plan) + self.visit_batches)


def fit_seed(
    material: Material,
    index: int,
    seed: int,
    recorder: Recorder,
    logits: np.ndarray,
    seen: np.ndarray,
    progress: Progress,
) -> tuple[list[float], tuple[str, ...]]:
    """Train seed number `index`, filling logits[index] and seen[index]; returns the learning rate of each epoch and
    notes.

    Every epoch ends with a snapshot, so that a killed run goes on after its last whole epoch with identical numbers.
    """
    piece = f"seed-{index}"
    if (done := recorder.finished(piece)) is not None:
        progress.advance(material.steps)
        return done["rates"], tuple(done["notes"])
    network = material.build(seed)
    optimizer = make_optimizer(network, material.plan)
    epoch, rates = recorder.restore(piece, network, optimizer)
    spreads = StageSpreads(
        len(material.encoded), stages(material.kept) if _wants_spread(material) else {}, recorder.work, material.memory
    )
    _replay(material, index, epoch, recorder, spreads)
    progress.advance(epoch * material.steps // material.plan.epochs)
    notes: set[str] = set()

    def record(end: EpochEnd) -> None:
        """Take and store what the scores ask of the network as it stands at the end of an epoch."""
        rates.append(end.learning_rate)
        signals = at_epoch(material.signals, end.epoch in material.kept)
        into = features_file(network, material, signals, recorder, f"s{index}-e{end.epoch}")
        found = take(network, material, end.epoch, signals, spreads, progress, logits[index, end.epoch - 1], into)
        notes.update(found.notes)
        seen[index, end.epoch - 1, material.rows] = end.seen_correct
        recorder.store(found.features, found.gradient_norm, index, end.epoch)
        if end.epoch in material.kept:
            save_network(recorder.folder, recorder.checkpoint(index, seed, end.epoch, end.learning_rate), network)
        for array in (logits, seen):
            array.flush()  # type: ignore[attr-defined]
        recorder.snapshot(piece, network, end.optimizer, end.epoch, rates)

    train(
        network,
        material.encoded,
        material.labels,
        material.rows,
        seed=seed,
        plan=material.plan,
        progress=progress,
        on_epoch=record,
        finished=epoch,
        optimizer_state=optimizer.state_dict() if epoch else None,
    )
    for name, values in spreads.results.items():
        recorder.write(f"spread-{name}-s{index}", values)
    recorder.finish(piece, {"rates": rates, "notes": sorted(notes)})
    return rates, tuple(sorted(notes))


def take(
    network: Any,
    material: Material,
    epoch: int,
    signals: frozenset[Signal],
    spreads: StageSpreads,
    progress: Progress,
    logits: np.ndarray | None,
    features_out: np.ndarray | None = None,
) -> Visit:
    """One visit of the checkpoint after `epoch`; input gradients go into `spreads`."""
    if Signal.INPUT_GRADIENT_SPREAD in signals:
        spreads.begin(epoch)
    found = visit(
        network,
        material.encoded,
        material.labels,
        signals,
        progress=progress,
        input_gradients=spreads.add,
        logits_out=logits,
        features_out=features_out,
        memory=material.memory,
        bf16=material.bf16,
    )
    if Signal.INPUT_GRADIENT_SPREAD in signals:
        spreads.end(epoch)
    return found


def features_file(
    network: Any, material: Material, signals: frozenset[Signal], recorder: Recorder, name: str
) -> np.ndarray | None:
    """A memory-mapped file for features that would take more than an eighth of the stated memory, else None."""
    rows, width = len(material.encoded), network.head.in_features
    if Signal.FEATURES not in signals or material.memory is None or 4 * rows * width <= material.memory // 8:
        return None
    recorder.array(f"features-{name}").unlink(missing_ok=True)  # it may be another run's file, linked
    return recorder.open_array(f"features-{name}", (rows, width), np.float32)


def _wants_spread(material: Material) -> bool:
    return Signal.INPUT_GRADIENT_SPREAD in material.signals


def _replay(material: Material, index: int, epoch: int, recorder: Recorder, spreads: StageSpreads) -> None:
    """Rebuild the running spreads of a resumed seed from its kept checkpoints: too large for a snapshot an epoch."""
    if not _wants_spread(material):
        return
    for kept in (k for k in material.kept if k <= epoch):
        network = material.build(0)
        load_into(network, read_weights(recorder.folder / f"model/s{index}-e{kept}.safetensors"))
        take(network, material, kept, at_epoch(material.signals, is_kept=True), spreads, SilentProgress(), None)


def fit_fold(
    material: Material, fold: int, rows: np.ndarray, seed: int, recorder: Recorder, progress: Progress
) -> None:
    """Train on `rows` and leave fold-<k>-logits and fold-<k>-features over all N rows; resumes after any epoch."""
    piece = f"fold-{fold}"
    network = material.build(seed)
    optimizer = make_optimizer(network, material.plan)
    epoch, rates = recorder.restore(piece, network, optimizer)
    steps = batches_per_epoch(len(rows), material.plan)
    progress.advance(epoch * steps)

    def record(end: EpochEnd) -> None:
        rates.append(end.learning_rate)
        recorder.snapshot(piece, network, end.optimizer, end.epoch, rates)

    train(
        network,
        material.encoded,
        material.labels,
        rows,
        seed=seed,
        plan=material.plan,
        progress=progress,
        on_epoch=record,
        finished=epoch,
        optimizer_state=optimizer.state_dict() if epoch else None,
    )
    found = visit(
        network,
        material.encoded,
        material.labels,
        frozenset({Signal.FEATURES}),
        progress=progress,
        memory=material.memory,
        bf16=material.bf16,
    )
    assert found.features is not None
    recorder.write(f"{piece}-logits", found.logits)
    recorder.write(f"{piece}-features", found.features)
    recorder.finish(piece, {"rates": rates, "has_bias": network.head.bias is not None})
