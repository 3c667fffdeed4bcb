"""The three workloads of the benchmarks: data in memory, and a network of the kind that Chaffinch trains for it.

W1 digits 1,497 x 64, perceptron 64-128-10; W2 10,000 CIFAR-10 images, convolutional network; W3 100,000 x 50 table,
perceptron 50-128-128-5.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.models.mlp import Mlp
from core.models.network import Network, seeded
from core.models.small_cnn import SmallCnn
from core.models.vector_rows import VectorRows
from core.training.loop import TrainingRows, train
from core.training.plan import TrainingPlan
from core.types.progress import SilentProgress

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
_CNN_WIDTH = 32  # the product's own network for images: 112,938 parameters
PLANS = {
    "W1": TrainingPlan(epochs=20, batch_size=64, learning_rate=0.1, momentum=0.9, weight_decay=5e-4),
    "W2": TrainingPlan(epochs=5, batch_size=128, learning_rate=0.05, momentum=0.9, weight_decay=5e-4),
    "W3": TrainingPlan(epochs=3, batch_size=256, learning_rate=0.05, momentum=0.9, weight_decay=5e-4),
}


@dataclass(frozen=True, eq=False)
class Workload:
    """x [N, ...] float32 standardised, labels [N] int64; `held_out` the same for rows that are not trained on.

    build: a network from a seed. batches: sizes that a bare pass may choose from. synthetic: not the real data.
    """

    name: str
    title: str
    x: Tensor
    labels: np.ndarray
    classes: int
    build: Callable[[int], Network]
    batches: tuple[int, ...]
    held_out_x: Tensor
    held_out_labels: np.ndarray
    synthetic: bool = False

    def __len__(self) -> int:
        return len(self.x)

    @property
    def encoded(self) -> VectorRows:
        """The rows as a visit reads them; shares memory with `x`."""
        return VectorRows(self.x.numpy())

    @property
    def targets(self) -> Tensor:
        """[N] int64."""
        return torch.from_numpy(self.labels)

    def first(self, rows: int) -> Workload:
        """The same with the first `rows` rows; more than there are repeats them."""
        take = np.arange(rows) % len(self)
        return replace(self, x=self.x[torch.from_numpy(take)].contiguous(), labels=self.labels[take])

    def trained(self, epochs: int | None = None, seed: int = 0, rows: np.ndarray | None = None) -> Network:
        """A network trained on `rows` (default all) for `epochs` (default the workload's own plan), in eval mode."""
        plan = replace(PLANS[self.name], epochs=PLANS[self.name].epochs if epochs is None else epochs)
        rows = np.arange(len(self)) if rows is None else rows
        network = self.build(seed).eval()
        if plan.epochs:
            train(
                network, TrainingRows(self.encoded, self.labels, rows), seed=seed, plan=plan, progress=SilentProgress()
            )
        return network


def digits() -> Workload:
    """W1: scikit-learn's digits as METHODS: Flipped digits cuts them, 1,497 to train on and 300 held out."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    x = (x / 16 - (x / 16).mean(axis=0)).astype(np.float32)
    order = np.random.default_rng(0).permutation(len(x))
    train_rows, held_out = order[:1_497], order[1_497:]
    return Workload(
        "W1",
        "1,497 digits, perceptron 64-128-10",
        torch.from_numpy(x[train_rows]),
        y[train_rows].astype(np.int64),
        10,
        lambda seed: seeded(lambda: Mlp((64, 128), 10), seed),
        (256, 512, 1_497),
        torch.from_numpy(x[held_out]),
        y[held_out].astype(np.int64),
    )


def cifar(rows: int = 10_000) -> Workload:
    """W2: real CIFAR-10 images with human labels; random images of the same shape, marked, where they are absent."""
    file = SHARED / "cifar10n_train_10k.npz"
    if file.is_file():
        with np.load(file, allow_pickle=False) as data:
            images, labels, synthetic = data["images"][:rows], data["aggre_label"][:rows].astype(np.int64), False
    else:
        print(f"W2: no {file.name} beside this checkout; random images of the same shape instead.", file=sys.stderr)
        rng = np.random.default_rng(0)
        images = rng.integers(0, 256, (rows, 32, 32, 3), dtype=np.uint8)
        labels, synthetic = rng.integers(0, 10, rows), True
    x = images.astype(np.float32).transpose(0, 3, 1, 2) / 255
    x -= x.mean(axis=(0, 2, 3), keepdims=True)
    x /= x.std(axis=(0, 2, 3), keepdims=True)
    x = torch.from_numpy(np.ascontiguousarray(x))
    kind = "random images (no real ones here)" if synthetic else "CIFAR-10 images"
    return Workload(
        "W2",
        f"{rows:,} {kind}, convolutional network with 112,938 parameters",
        x,
        labels,
        10,
        lambda seed: seeded(lambda: SmallCnn(3, _CNN_WIDTH, 10), seed),
        (32, 64, 128, 256),
        x[:100],
        labels[:100],
        synthetic,
    )


def table(rows: int = 100_000) -> Workload:
    """W3: five overlapping Gaussian classes in 50 columns, a tenth of the labels random. Always synthetic."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 5, rows + 1_000)
    centers = rng.normal(size=(5, 50)).astype(np.float32) * 0.4
    x = rng.standard_normal((rows + 1_000, 50), dtype=np.float32) + centers[labels]
    labels = np.where(rng.random(len(labels)) < 0.1, rng.integers(0, 5, len(labels)), labels)
    return Workload(
        "W3",
        f"{rows:,} x 50 table, perceptron 50-128-128-5",
        torch.from_numpy(x[:rows]),
        labels[:rows],
        5,
        lambda seed: seeded(lambda: Mlp((50, 128, 128), 5), seed),
        (512, 1_024, 2_048, 4_096, 16_384),
        torch.from_numpy(x[rows:]),
        labels[rows:],
    )


WORKLOADS: dict[str, Callable[[], Workload]] = {"W1": digits, "W2": cifar, "W3": table}


# The bare passes: what any method over the same data must pay at least. Weights are frozen only where no weight
# gradient is part of the pass.


def forward(load: Workload, network: Network, batch: int) -> None:
    """Logits of all rows in inference mode."""
    with torch.inference_mode():
        for part in load.x.split(batch):
            network(part)


def forward_backward(load: Workload, network: Network, batch: int) -> None:
    """The gradient of the summed loss with respect to all weights, batch by batch: one epoch without the updates."""
    weights = list(network.parameters())
    for x, y in zip(load.x.split(batch), load.targets.split(batch), strict=True):
        loss = torch.nn.functional.cross_entropy(network(x), y, reduction="sum")
        torch.autograd.grad(loss, weights)


def input_gradient(load: Workload, network: Network, batch: int) -> None:
    """The gradient of the label's logit with respect to the input, weights frozen."""
    weights = list(network.parameters())
    for weight in weights:
        weight.requires_grad_(False)
    try:
        for x, y in zip(load.x.split(batch), load.targets.split(batch), strict=True):
            x = x.detach().requires_grad_()
            torch.autograd.grad(network(x).gather(1, y[:, None]).sum(), [x])
    finally:
        for weight in weights:
            weight.requires_grad_(True)


def product(points: np.ndarray, targets: np.ndarray, block: int = 80) -> None:
    """The float32 matrix product of all targets with all points, a block of targets at a time."""
    columns, out = np.ascontiguousarray(points.T), np.empty((block, len(points)), np.float32)
    for start in range(0, len(targets), block):
        part = targets[start : start + block]
        np.matmul(part, columns, out=out[: len(part)])
