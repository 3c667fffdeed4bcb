"""One visit per checkpoint takes every signal the asked-for scores need, without a Python loop over examples."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.models.encoding import Encoded
from core.models.family import InputShape
from core.models.network import Network
from core.numerics.devices import scoring_batch
from core.numerics.per_example import GradientTap
from core.types.errors import ModelError
from core.types.examples import UNLABELED
from core.types.methods import Signal
from core.types.progress import Progress

from .loop import to_device


@dataclass(frozen=True, eq=False)
class Visit:
    """What a network says about all N rows: logits [N, C], features [N, d], gradient_norm [N]; None where not asked."""

    logits: np.ndarray
    features: np.ndarray | None
    gradient_norm: np.ndarray | None
    notes: tuple[str, ...] = ()


InputGradients = Callable[[np.ndarray, np.ndarray], None]  # (rows [b], gradients [b, positions])


def visit(
    network: Network,
    encoded: Encoded,
    labels: np.ndarray,
    signals: frozenset[Signal],
    *,
    progress: Progress,
    batch: int | None = None,
    input_gradients: InputGradients | None = None,
    logits_out: np.ndarray | None = None,
    features_out: np.ndarray | None = None,
) -> Visit:
    """Run `network` in eval mode over all rows once and take `signals` (LOGITS is always taken).

    Unlabeled rows take the predicted class in place of the label. gradient_norm is the norm over all parameters of the
    gradient of the row's own cross-entropy. With INPUT_GRADIENT_SPREAD, `input_gradients` receives d z_label / d input:
    images averaged over color channels [b, H * W], text averaged over its tokens [b, embedding], tables [b, columns].
    `logits_out`, `features_out` are filled in place of new arrays (for memory-mapped files).
    Results do not depend on `batch` beyond rounding. `progress` advances once per batch.
    """
    labels = np.asarray(labels, dtype=np.int64)
    rows = len(encoded)
    size = batch or scoring_batch(network, _floats(encoded))
    state = _Outputs(rows, logits_out, features_out, signals)
    with GradientTap(network) if Signal.GRADIENT_NORM in signals else nullcontext() as tap:
        network.eval()
        device = next(network.parameters()).device
        if tap is not None and rows:
            few = to_device(encoded.batch(np.arange(min(2, rows))), device)
            tap.check(few, lambda x: network.head(network.features_from(network.embed(x))))
        for start in range(0, rows, size):
            chosen = np.arange(start, min(start + size, rows))
            x = to_device(encoded.batch(chosen), device)
            given = torch.from_numpy(labels[chosen]).to(device)
            _visit_batch(network, x, chosen, given, signals, tap, input_gradients, state)
            progress.advance()
        notes = () if tap is None else tap.notes
    assert state.logits is not None or rows == 0
    return Visit(state.logits, state.features, state.norms, notes)  # type: ignore[arg-type]


class _Outputs:
    """Arrays filled batch by batch; made when the first batch tells their widths."""

    def __init__(self, rows: int, logits: np.ndarray | None, features: np.ndarray | None, signals: frozenset[Signal]):
        self.rows, self.logits, self.features = rows, logits, features
        self.wants_features = Signal.FEATURES in signals
        self.norms = np.zeros(rows) if Signal.GRADIENT_NORM in signals else None

    def put(self, rows: np.ndarray, logits: Tensor, features: Tensor) -> None:
        if self.logits is None:
            self.logits = np.empty((self.rows, logits.shape[1]), np.float32)
        self.logits[rows] = logits.detach().cpu().numpy()
        if self.wants_features:
            if self.features is None:
                self.features = np.empty((self.rows, features.shape[1]), np.float32)
            self.features[rows] = features.detach().cpu().numpy()


def _visit_batch(
    network: Network,
    x: Any,
    rows: np.ndarray,
    given: Tensor,
    signals: frozenset[Signal],
    tap: GradientTap | None,
    input_gradients: InputGradients | None,
    out: _Outputs,
) -> None:
    spread = Signal.INPUT_GRADIENT_SPREAD in signals and input_gradients is not None
    with torch.set_grad_enabled(tap is not None or spread):
        embedded = network.embed(x)
        if spread and not embedded.requires_grad:
            embedded = embedded.detach().requires_grad_()
        features = network.features_from(embedded)
        logits = network.head(features)
    out.put(rows, logits, features)
    if int(given.max()) >= logits.shape[1]:
        raise ModelError(
            f"Label {int(given.max())} occurs, the model has {logits.shape[1]} outputs.",
            "Give a model with one output per class, or check the class map.",
        )
    targets = torch.where(given == UNLABELED, logits.detach().argmax(1), given)
    if tap is not None:
        assert out.norms is not None
        out.norms[rows] = tap.squared_norms(x, logits, targets, keep_graph=spread).sqrt().cpu().numpy()
    if spread:
        assert input_gradients is not None
        own = logits.gather(1, targets[:, None]).sum()
        (gradient,) = torch.autograd.grad(own, [embedded])
        input_gradients(rows, _positions(gradient, x).cpu().numpy())


def _positions(gradient: Tensor, x: Any) -> Tensor:
    """[b, positions] of an input gradient; channels or tokens are averaged BEFORE any spread is taken."""
    if isinstance(x, tuple):
        tokens = (x[0] != 0).sum(1).clamp(min=1)
        return (gradient * (x[0] != 0).unsqueeze(-1)).sum(1) / tokens[:, None]
    return gradient.mean(1).flatten(1) if gradient.dim() == 4 else gradient.flatten(1)


def _floats(encoded: Encoded) -> int:
    if len(encoded) == 0:
        return 1
    one = encoded.batch(np.arange(1))
    return sum(part.numel() for part in one) if isinstance(one, tuple) else one.numel()


def visit_batches(network: torch.nn.Module, shape: InputShape, rows: int) -> int:
    """How often `progress` advances in one visit, near enough for a progress bar."""
    return -(-rows // scoring_batch(network, prod(shape.dims) if len(shape.dims) == 3 else shape.dims[0]))
