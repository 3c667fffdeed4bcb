"""Many small perceptrons trained at once on random halves of the digits: what influence is measured against.

The recipe of METHODS: Flipped digits (SGD 0.1, momentum 0.9, weight decay 5e-4 on weights, batch 64, 60 epochs), all
models of a group in one batched product. LDS = mean over targets of the rank correlation, over subsets S, between the
sum of a row's effects in S and the margin log(p / (1 - p)) of the target under models trained on S.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor

from core.models.mlp import Mlp
from tests.benchmarks.workloads import Workload

WIDTHS = (64, 128, 10)
EPOCHS, RATE, MOMENTUM, DECAY, BATCH = 60, 0.1, 0.9, 5e-4, 64
_GROUP = 25  # models in one product: their batches stay in cache


@dataclass(frozen=True, eq=False)
class Models:
    """Weights of B perceptrons: first [B, 64, 128], its bias [B, 1, 128], second [B, 128, 10], its bias [B, 1, 10]."""

    parts: tuple[Tensor, ...]

    def logits(self, x: Tensor) -> Tensor:
        """[B, n, 10]."""
        first, bias, second, last = self.parts
        return torch.baddbmm(last, self.hidden(x.expand(len(first), *x.shape)), second)

    def hidden(self, x: Tensor) -> Tensor:
        """[B, n, 128] for inputs [B, n, 64]."""
        return torch.baddbmm(self.parts[1], x, self.parts[0]).relu_()

    def network(self, which: int) -> Mlp:
        """One of them as a module, in eval mode."""
        net = Mlp(WIDTHS[:2], WIDTHS[2]).eval()
        found = (self.parts[0][which].T, self.parts[1][which, 0], self.parts[2][which].T, self.parts[3][which, 0])
        with torch.no_grad():
            for parameter, value in zip(net.parameters(), found, strict=True):
                parameter.copy_(value)
        return net


def train_models(
    load: Workload, members: np.ndarray, seeds: Sequence[int], look: Callable[[int, Models], None] | None = None
) -> Models:
    """One model per row of `members` [B, n] (rows of the training set) and seed; `look(epoch, models)` after each."""
    rngs = [np.random.default_rng([12, seed]) for seed in seeds]
    models, x, wanted = _initial(rngs), load.x, torch.eye(10)[load.targets]
    speeds, rows = [torch.zeros_like(p) for p in models.parts], torch.from_numpy(members)
    for epoch in range(1, EPOCHS + 1):
        orders = np.stack([rng.permutation(members.shape[1]) for rng in rngs])
        shuffled = rows.gather(1, torch.from_numpy(orders))
        for start in range(0, members.shape[1], BATCH):
            part = shuffled[:, start : start + BATCH]
            _step(models, speeds, x[part], wanted[part])
        if look is not None:
            look(epoch, models)
    return models


def _initial(rngs: Sequence[np.random.Generator]) -> Models:
    wide = np.stack([rng.normal(size=WIDTHS[:2]) * (2 / WIDTHS[0]) ** 0.5 for rng in rngs])
    last = np.stack([rng.normal(size=WIDTHS[1:]) * (1 / WIDTHS[1]) ** 0.5 for rng in rngs])
    biases = (torch.zeros(len(rngs), 1, width) for width in WIDTHS[1:])
    first, second = (torch.from_numpy(w).float() for w in (wide, last))
    return Models((first, next(biases), second, next(biases)))


def _step(models: Models, speeds: list[Tensor], x: Tensor, wanted: Tensor) -> None:
    hidden = models.hidden(x)
    delta = (torch.baddbmm(models.parts[3], hidden, models.parts[2]).softmax(2) - wanted) / x.shape[1]
    back = torch.bmm(delta, models.parts[2].transpose(1, 2)) * (hidden > 0)
    gradients = (
        torch.bmm(x.transpose(1, 2), back),
        back.sum(1, keepdim=True),
        torch.bmm(hidden.transpose(1, 2), delta),
        delta.sum(1, keepdim=True),
    )
    for number, (p, v, g) in enumerate(zip(models.parts, speeds, gradients, strict=True)):
        v.mul_(MOMENTUM).add_(g)
        if number % 2 == 0:  # weights decay, biases do not
            v.add_(p, alpha=DECAY)
        p.sub_(v, alpha=RATE)


def checkpoints(load: Workload, seed: int, epochs: Sequence[int]) -> list[Mlp]:
    """Networks trained on all rows, one per epoch asked for."""
    found: list[Mlp] = []
    everyone = np.arange(len(load))[None]
    train_models(load, everyone, [seed], lambda epoch, m: found.append(m.network(0)) if epoch in epochs else None)
    return found


def margins(models: Models, x: Tensor, labels: np.ndarray) -> np.ndarray:
    """[B, V] log(p / (1 - p)) of each target's label."""
    logits, own = models.logits(x), torch.eye(10, dtype=torch.bool)[torch.from_numpy(labels)]
    return (logits[:, own] - logits.masked_fill(own, -torch.inf).logsumexp(2)).numpy()


@dataclass(frozen=True, eq=False)
class SubsetRuns:
    """inside [R, N] bool; margins of targets [R, S, V] and of the training rows [R, S, N], one per seed."""

    inside: np.ndarray
    targets: np.ndarray
    own: np.ndarray

    def lds(self, effects: np.ndarray) -> float:
        """Of effects [V, N] of including each training row; the first V targets."""
        truth = self.targets.mean(axis=1)[:, : len(effects)]
        return float(rank_correlations(self.inside @ effects.T.astype(np.float64), truth).mean())

    def split_half(self) -> float:
        """Agreement of one half of the seeds with the other, over all targets."""
        half = self.targets.shape[1] // 2
        first, second = self.targets[:, :half].mean(axis=1), self.targets[:, half : 2 * half].mean(axis=1)
        return float(rank_correlations(first, second).mean())


def subset_runs(load: Workload, count: int, seeds: int, ratio: float, seed: int) -> SubsetRuns:
    """Models on `count` random subsets with a share `ratio` of the rows, `seeds` models each."""
    rng, n = np.random.default_rng(seed), len(load)
    members = np.stack([np.sort(rng.permutation(n)[: int(n * ratio)]) for _ in range(count)])
    inside = np.zeros((count, n), dtype=bool)
    np.put_along_axis(inside, members, True, axis=1)
    targets, own = np.empty((count, seeds, len(load.held_out_labels))), np.empty((count, seeds, n))
    for start in range(0, count, _GROUP):
        part = slice(start, min(start + _GROUP, count))
        for turn in range(seeds):
            names = [seed * 10**6 + turn * 10**4 + i for i in range(part.start, part.stop)]
            models = train_models(load, members[part], names)
            targets[part, turn] = margins(models, load.held_out_x, load.held_out_labels)
            own[part, turn] = margins(models, load.x, load.labels)
    return SubsetRuns(inside, targets, own)


def rank_correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """[V] Spearman's of each column with its fellow; 0 where one is constant."""
    a, b = (rankdata(one, axis=0) - (len(one) + 1) / 2 for one in (first, second))
    size = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    return np.divide((a * b).sum(axis=0), size, out=np.zeros(len(size)), where=size > 0)
