"""Train one seed and, at the end of each epoch, take and record what the scores need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from core.models.encoding import Encoded
from core.models.stored import load_into, save_network
from core.store.checkpoints import read_weights
from core.types.progress import Progress, SilentProgress
from core.types.signals import Signal, at_epoch

from .loop import EpochEnd, Resume, TrainingRows, batches_per_epoch, train
from .optimizers import make_optimizer
from .passes import PassOutputs, PassResult, PassSettings, run_pass
from .plan import TrainingPlan, stages
from .recorder import Recorder
from .spread import StageSpreads


@dataclass(frozen=True, eq=False)
class TrainingSetup:
    """What every training of a run shares. kept: epochs whose weights and costly signals are kept."""

    encoded: Encoded
    labels: np.ndarray
    rows: np.ndarray
    plan: TrainingPlan
    kept: tuple[int, ...]
    signals: frozenset[Signal]
    pass_batches: int
    build: Callable[[int], Any]  # seed -> network
    memory: int | None = None  # bytes that a pass may take
    bf16: bool = False

    @property
    def pass_settings(self) -> PassSettings:
        """How every pass of the run goes."""
        return PassSettings(memory=self.memory, bf16=self.bf16)

    def training_rows(self, rows: np.ndarray) -> TrainingRows:
        """`rows` [n] with the inputs and labels of all."""
        return TrainingRows(self.encoded, self.labels, rows)

    @property
    def steps(self) -> int:
        """How often progress advances in one seed."""
        return self.plan.epochs * (batches_per_epoch(len(self.rows), self.plan) + self.pass_batches)


def fit_seed(
    setup: TrainingSetup,
    index: int,
    seed: int,
    recorder: Recorder,
    logits: np.ndarray,
    seen: np.ndarray,
    progress: Progress,
) -> tuple[list[float], tuple[str, ...]]:
    """Train seed number `index`; returns the learning rate of each epoch, and notes.

    logits [S, E, N, C] and seen [S, E, N] uint8 are filled in for this seed. Every epoch ends with a snapshot, so that
    a killed run goes on after its last whole epoch with identical numbers.
    """
    piece = f"seed-{index}"
    if (done := recorder.finished(piece)) is not None:
        progress.advance(setup.steps)
        return done["rates"], tuple(done["notes"])
    network = setup.build(seed)
    optimizer = make_optimizer(network, setup.plan)
    epoch, rates = recorder.restore(piece, network, optimizer)
    spreads = StageSpreads(
        len(setup.encoded), stages(setup.kept) if _wants_spread(setup) else {}, recorder.work, setup.memory
    )
    _replay(setup, index, epoch, recorder, spreads)
    progress.advance(epoch * setup.steps // setup.plan.epochs)
    epochs = _EpochWriter(setup, index, seed, recorder, network, spreads, progress, rates)
    train(
        network,
        setup.training_rows(setup.rows),
        seed=seed,
        plan=setup.plan,
        progress=progress,
        on_epoch=lambda end: epochs.write(end, logits, seen),
        resume=Resume(epoch, optimizer.state_dict() if epoch else None),
    )
    for name, values in spreads.results.items():
        recorder.write(f"spread-{name}-s{index}", values)
    recorder.finish(piece, {"rates": rates, "notes": sorted(epochs.notes)})
    return rates, tuple(sorted(epochs.notes))


@dataclass(eq=False)
class _EpochWriter:
    """Writes what the scores ask of one seed's network as it stands at the end of each epoch."""

    setup: TrainingSetup
    index: int
    seed: int
    recorder: Recorder
    network: Any
    spreads: StageSpreads
    progress: Progress
    rates: list[float]
    notes: set[str] = field(default_factory=set)

    def write(self, end: EpochEnd, logits: np.ndarray, seen: np.ndarray) -> None:
        """Signals, weights of a checkpoint that is kept, and last the snapshot from which a killed run goes on."""
        setup, recorder, epoch = self.setup, self.recorder, end.epoch
        self.rates.append(end.learning_rate)
        signals = at_epoch(setup.signals, epoch in setup.kept)
        features = features_file(self.network, setup, signals, recorder, f"s{self.index}-e{epoch}")
        into = PassOutputs(logits[self.index, epoch - 1], features)
        taken = take_signals(self.network, setup, epoch, signals, self.spreads, self.progress, into)
        self.notes.update(taken.notes)
        seen[self.index, epoch - 1, setup.rows] = end.seen_correct
        recorder.store(taken.features, taken.gradient_norm, self.index, epoch)
        if epoch in setup.kept:
            checkpoint = recorder.checkpoint(self.index, self.seed, epoch, end.learning_rate)
            save_network(recorder.folder, checkpoint, self.network)
        for array in (logits, seen):
            array.flush()  # type: ignore[attr-defined]
        recorder.snapshot(f"seed-{self.index}", self.network, end.optimizer, epoch, self.rates)


def take_signals(
    network: Any,
    setup: TrainingSetup,
    epoch: int,
    signals: frozenset[Signal],
    spreads: StageSpreads,
    progress: Progress,
    into: PassOutputs = PassOutputs(),
) -> PassResult:
    """One pass at the checkpoint after `epoch`; input gradients go into `spreads`."""
    if Signal.INPUT_GRADIENT_SPREAD in signals:
        spreads.begin(epoch)
    into = replace(into, input_gradients=spreads.add)
    result = run_pass(
        network, setup.encoded, setup.labels, signals, progress=progress, into=into, settings=setup.pass_settings
    )
    if Signal.INPUT_GRADIENT_SPREAD in signals:
        spreads.end(epoch)
    return result


def features_file(
    network: Any, setup: TrainingSetup, signals: frozenset[Signal], recorder: Recorder, name: str
) -> np.ndarray | None:
    """A memory-mapped file for features that would take more than an eighth of the stated memory, else None."""
    rows, width = len(setup.encoded), network.head.in_features
    if Signal.FEATURES not in signals or setup.memory is None or 4 * rows * width <= setup.memory // 8:
        return None
    recorder.array(f"features-{name}").unlink(missing_ok=True)  # it may be another run's file, linked
    return recorder.open_array(f"features-{name}", (rows, width), np.float32)


def _wants_spread(setup: TrainingSetup) -> bool:
    return Signal.INPUT_GRADIENT_SPREAD in setup.signals


def _replay(setup: TrainingSetup, index: int, epoch: int, recorder: Recorder, spreads: StageSpreads) -> None:
    """Rebuild the running spreads of a resumed seed from its kept checkpoints: too large for a snapshot an epoch."""
    if not _wants_spread(setup):
        return
    for kept in (k for k in setup.kept if k <= epoch):
        network = setup.build(0)
        load_into(network, read_weights(recorder.folder / f"model/s{index}-e{kept}.safetensors"))
        take_signals(network, setup, kept, at_epoch(setup.signals, is_kept=True), spreads, SilentProgress())


def fit_fold(
    setup: TrainingSetup, fold: int, rows: np.ndarray, seed: int, recorder: Recorder, progress: Progress
) -> None:
    """Train on `rows` and leave fold-<k>-logits and fold-<k>-features over all N rows; resumes after any epoch."""
    piece = f"fold-{fold}"
    network = setup.build(seed)
    optimizer = make_optimizer(network, setup.plan)
    epoch, rates = recorder.restore(piece, network, optimizer)
    steps = batches_per_epoch(len(rows), setup.plan)
    progress.advance(epoch * steps)

    def record(end: EpochEnd) -> None:
        rates.append(end.learning_rate)
        recorder.snapshot(piece, network, end.optimizer, end.epoch, rates)

    train(
        network,
        setup.training_rows(rows),
        seed=seed,
        plan=setup.plan,
        progress=progress,
        on_epoch=record,
        resume=Resume(epoch, optimizer.state_dict() if epoch else None),
    )
    signals = frozenset({Signal.FEATURES})
    taken = run_pass(network, setup.encoded, setup.labels, signals, progress=progress, settings=setup.pass_settings)
    assert taken.features is not None
    recorder.write(f"{piece}-logits", taken.logits)
    recorder.write(f"{piece}-features", taken.features)
    recorder.finish(piece, {"rates": rates, "has_bias": network.head.bias is not None})
