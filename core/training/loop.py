"""Train one network: plain, deterministic per seed on a CPU, able to go on after any epoch with identical numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.models.encoding import Encoded
from core.types.errors import ModelError
from core.types.progress import Progress
from core.types.registry import check_name

from .augment import draw_moves, moved
from .plan import TrainingPlan


@dataclass(frozen=True, eq=False)
class EpochEnd:
    """What `on_epoch` is told: the epoch just finished (1..E) and, per row of `rows`, whether the network was right
    when
    it saw the row, before the update; -1 for rows not seen.
    """

    epoch: int
    learning_rate: float  # mean over the epoch's steps
    seen_correct: np.ndarray  # [rows] uint8
    optimizer: torch.optim.Optimizer


def train(
    network: nn.Module,
    encoded: Encoded,
    labels: np.ndarray,
    rows: np.ndarray,
    *,
    seed: int,
    plan: TrainingPlan,
    progress: Progress,
    on_epoch: Callable[[EpochEnd], None] | None = None,
    finished: int = 0,
    optimizer_state: dict[str, Any] | None = None,
) -> nn.Module:
    """Train `network` in place on `rows` of `encoded` and return it.

    The order of batches and the moves of images depend on (seed, epoch) alone, the learning rate on the step alone; so
    `finished` epochs with their weights and `optimizer_state` go on exactly as if never interrupted. `progress`
    advances once per batch.
    Raises `ModelError` when the loss is no longer finite.
    """
    optimizer = make_optimizer(network, plan)
    if optimizer_state is not None:
        optimizer.load_state_dict(optimizer_state)
    device = next(network.parameters()).device
    targets = torch.from_numpy(np.asarray(labels, dtype=np.int64))
    for epoch in range(finished + 1, plan.epochs + 1):
        network.train()
        right, rate = _one_epoch(network, encoded, targets, rows, optimizer, plan, epoch, seed, progress, device)
        if on_epoch is not None:
            on_epoch(EpochEnd(epoch, rate, right, optimizer))
    network.eval()
    return network


def _one_epoch(
    network: nn.Module,
    encoded: Encoded,
    targets: Tensor,
    rows: np.ndarray,
    optimizer: torch.optim.Optimizer,
    plan: TrainingPlan,
    epoch: int,
    seed: int,
    progress: Progress,
    device: torch.device,
) -> tuple[np.ndarray, float]:
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
        x = encoded.batch(batch)
        logits = network(to_device(x if moves is None else moved(x, moves[places]), device))
        loss = nn.functional.cross_entropy(logits, y)
        if not torch.isfinite(loss):
            raise ModelError(
                f"Training went wrong in epoch {epoch}: the loss is {loss.item()}.",
                "Lower the learning rate, or look for extreme values in the inputs.",
            )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        right[places] = (logits.detach().argmax(1) == y).cpu().numpy()
        progress.advance()
    return right, float(np.mean(rates))


def make_optimizer(network: nn.Module, plan: TrainingPlan) -> torch.optim.Optimizer:
    """The plan's optimizer; matrices and kernels decay, vectors (biases, norms) do not."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": plan.weight_decay},
        {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
    ]
    check_name(plan.optimizer, ("sgd", "adam"), "optimizer", ModelError)
    if plan.optimizer == "adam":
        return torch.optim.Adam(groups, lr=plan.learning_rate)
    return torch.optim.SGD(groups, lr=plan.learning_rate, momentum=plan.momentum, nesterov=plan.nesterov)


def to_device(batch: Any, device: torch.device) -> Any:
    """The batch, a tensor or a tuple of tensors, where the network is."""
    if isinstance(batch, tuple):
        return tuple(part.to(device) for part in batch)
    return batch.to(device)


def batches_per_epoch(rows: int, plan: TrainingPlan) -> int:
    """How often `progress` advances in one epoch."""
    return -(-rows // plan.batch_size)
