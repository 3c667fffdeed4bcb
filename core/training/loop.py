"""Train one network: plain, deterministic per seed on a CPU, able to go on after any epoch with identical numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.models.encoding import Encoded
from core.numerics.devices import in_halves
from core.types.errors import ModelError
from core.types.progress import Progress

from .augment import draw_moves, moved
from .optimizers import make_optimizer
from .plan import TrainingPlan


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """What a network is trained on: `rows` [n] of the encoded examples, with labels [N] of all of them."""

    encoded: Encoded
    labels: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True, eq=False)
class Resume:
    """Where a training resumes: after `epoch`, with the optimizer's state at its end (None: from the start)."""

    epoch: int = 0
    optimizer_state: dict[str, Any] | None = None


@dataclass(frozen=True, eq=False)
class EpochEnd:
    """What `on_epoch` is told about the epoch just finished (1..E).

    seen_correct: per training row whether the network was right when it saw the row, before the update.
    """

    epoch: int
    learning_rate: float  # mean over the epoch's steps
    seen_correct: np.ndarray  # [rows] uint8
    optimizer: torch.optim.Optimizer


def train(
    network: nn.Module,
    data: TrainingRows,
    *,
    seed: int,
    plan: TrainingPlan,
    progress: Progress,
    on_epoch: Callable[[EpochEnd], None] | None = None,
    resume: Resume = Resume(),
) -> nn.Module:
    """Train `network` in place on `data` and return it.

    The order of batches and the moves of images depend on (seed, epoch) alone, the learning rate on the step alone; so
    a resumed training goes on exactly as if never interrupted. `progress` advances once per batch. Raises `ModelError`
    when the loss is no longer finite.
    """
    optimizer = make_optimizer(network, plan)
    if resume.optimizer_state is not None:
        optimizer.load_state_dict(resume.optimizer_state)
    for epoch in range(resume.epoch + 1, plan.epochs + 1):
        network.train()
        right, rate = _one_epoch(network, data, optimizer, plan, epoch, seed, progress)
        if on_epoch is not None:
            on_epoch(EpochEnd(epoch, rate, right, optimizer))
    network.eval()
    return network


def _one_epoch(
    network: nn.Module,
    data: TrainingRows,
    optimizer: torch.optim.Optimizer,
    plan: TrainingPlan,
    epoch: int,
    seed: int,
    progress: Progress,
) -> tuple[np.ndarray, float]:
    """(whether each training row was right when it was seen [n] uint8, mean learning rate)."""
    rows, device = data.rows, next(network.parameters()).device
    targets = torch.from_numpy(np.asarray(data.labels, dtype=np.int64))
    order = np.random.default_rng([seed, epoch]).permutation(len(rows))
    right = np.zeros(len(rows), np.uint8)
    moves = draw_moves(seed, epoch, len(rows), plan)
    starts = range(0, len(rows), plan.batch_size)
    rates = [plan.rate(epoch - 1 + i / len(starts)) for i in range(len(starts))]
    for start, rate in zip(starts, rates, strict=True):
        places = order[start : start + plan.batch_size]
        batch = rows[places]
        for group in optimizer.param_groups:
            group["lr"] = rate
        y = targets[torch.from_numpy(batch)].to(device)
        x = data.encoded.batch(batch)
        x = to_device(x if moves is None else moved(x, moves[places]), device)
        right[places] = (_learn(network, optimizer, x, y, epoch) == y).cpu().numpy()
        progress.advance()
    return right, float(np.mean(rates))


def _learn(network: nn.Module, optimizer: torch.optim.Optimizer, x: Any, y: Tensor, epoch: int) -> Tensor:
    """One step on a batch; what was predicted before it [b]. Where the device's memory runs out, the same gradient is
    summed over ever smaller parts.
    """
    try:
        logits = network(x)
        _step(optimizer, nn.functional.cross_entropy(logits, y), epoch)
        return logits.detach().argmax(1)
    except torch.OutOfMemoryError:
        logits = None  # let go of the graph before the parts are tried
    optimizer.zero_grad(set_to_none=True)
    predicted = torch.zeros_like(y)

    def add(start: int, stop: int) -> None:
        """The share of these rows in the batch's gradient."""
        part = network(_cut(x, start, stop))
        loss = nn.functional.cross_entropy(part, y[start:stop], reduction="sum") / len(y)
        _refuse_infinite(loss, epoch)
        loss.backward()
        predicted[start:stop] = part.detach().argmax(1)

    middle = max(1, len(y) // 2)
    for start, stop in ((0, middle), (middle, len(y))):
        if stop > start:
            in_halves(add, start, stop, lambda: None)
    optimizer.step()
    return predicted


def _cut(x: Any, start: int, stop: int) -> Any:
    return tuple(part[start:stop] for part in x) if isinstance(x, tuple) else x[start:stop]


def _refuse_infinite(loss: Tensor, epoch: int) -> None:
    if not torch.isfinite(loss):
        raise ModelError(
            f"Training went wrong in epoch {epoch}: the loss is {loss.item()}.",
            "Lower the learning rate, or look for extreme values in the inputs.",
        )


def _step(optimizer: torch.optim.Optimizer, loss: Tensor, epoch: int) -> None:
    _refuse_infinite(loss, epoch)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def to_device(batch: Any, device: torch.device) -> Any:
    """The batch, a tensor or a tuple of tensors, where the network is."""
    if isinstance(batch, tuple):
        return tuple(part.to(device) for part in batch)
    return batch.to(device)


def batches_per_epoch(rows: int, plan: TrainingPlan) -> int:
    """How often `progress` advances in one epoch."""
    return -(-rows // plan.batch_size)
