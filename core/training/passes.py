"""One pass per checkpoint takes every signal that the chosen scores need, without a Python loop over examples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.models.encoding import Encoded
from core.models.family import InputShape
from core.models.handed_network import HandedNetwork
from core.models.network import Network
from core.numerics.batches import batch_for, evaluating
from core.numerics.devices import casting, in_halves
from core.numerics.per_example import GradientTap
from core.types.errors import ModelError
from core.types.examples import UNLABELED, Modality
from core.types.labels import class_numbers
from core.types.progress import Progress
from core.types.signals import Signal

from .loop import to_device
from .rows import span

_TOKENS = 256  # of a text whose length is not known yet


@dataclass(frozen=True, eq=False)
class PassResult:
    """What a network says about all N rows: logits [N, C], features [N, d], gradient_norm [N]; None where not asked."""

    logits: np.ndarray
    features: np.ndarray | None
    gradient_norm: np.ndarray | None
    notes: tuple[str, ...] = ()


InputGradients = Callable[[np.ndarray, np.ndarray], None]  # (rows [b], gradients [b, positions])


@dataclass(frozen=True, eq=False)
class PassOutputs:
    """Where a pass puts what it takes; arrays are filled in place of new ones, for memory-mapped files.

    logits: [N, C]. features: [N, d]. input_gradients: receives the gradient of each row's label logit with respect to
    its input: images averaged over color channels [b, H * W], text averaged over its tokens [b, embedding], tables
    [b, columns].
    """

    logits: np.ndarray | None = None
    features: np.ndarray | None = None
    input_gradients: InputGradients | None = None


@dataclass(frozen=True)
class PassSettings:
    """How a pass runs; beyond rounding only bf16 changes results.

    batch: rows per step, None for as many as suit the network. memory: bytes that activations and scratch may take, a
    quarter of them for activations. bf16: linear layers and convolutions in bfloat16 where no gradient is taken;
    results stay float32.
    """

    batch: int | None = None
    memory: int | None = None
    bf16: bool = False


def run_pass(
    network: Network,
    encoded: Encoded,
    labels: np.ndarray,
    signals: frozenset[Signal],
    *,
    progress: Progress,
    into: PassOutputs = PassOutputs(),
    settings: PassSettings = PassSettings(),
) -> PassResult:
    """Run `network` in eval mode over all rows once and take `signals` (LOGITS is always taken).

    For arrays in memory: `run_pass(AdaptedNetwork(module, classes), ArrayRows(x), labels, signals, progress=...)`.
    labels: [N] integers; unlabeled rows (-1) take the predicted class in place of the label. gradient_norm is the norm
    over all parameters of the gradient of the row's own cross-entropy. With INPUT_GRADIENT_SPREAD,
    `into.input_gradients` receives the input gradients. `progress` advances once per batch. Raises `ModelError` for a
    label without an output, or a network whose gradients cannot be taken.
    """
    labels = class_numbers(labels)
    outputs = _Outputs(len(encoded), into.logits, into.features, signals)
    spread = into.input_gradients if Signal.INPUT_GRADIENT_SPREAD in signals else None
    taps = GradientTap(network, settings.memory) if Signal.GRADIENT_NORM in signals else nullcontext()
    with taps as tap, evaluating(network):
        device = next(network.parameters()).device
        if tap is not None and len(encoded):
            few = to_device(span(encoded, 0, min(2, len(encoded))), device)
            tap.check(few, lambda x: network.head(network.features_from(network.embed(x))))

        def take(start: int, stop: int) -> None:
            """Every signal of these rows."""
            x, part = to_device(span(encoded, start, stop), device), slice(start, stop)
            targets = torch.from_numpy(labels[part]).to(device)
            if tap is not None:
                tap.expect(x)
            with casting(device, settings.bf16 and tap is None and spread is None):
                _pass_batch(network, x, part, targets, tap, spread, outputs)

        for part in _parts(network, encoded, settings):
            in_halves(take, part.start, part.stop, (lambda: None) if tap is None else tap.forget)
            progress.advance()
        notes = () if tap is None else tap.notes
    assert outputs.logits is not None or len(encoded) == 0
    return PassResult(outputs.logits, outputs.features, outputs.norms, notes)  # type: ignore[arg-type]


def _parts(network: Network, encoded: Encoded, settings: PassSettings) -> Iterator[slice]:
    """The rows of each step."""
    rows = len(encoded)
    size = settings.batch or (_step(network, span(encoded, 0, 1), settings.memory) if rows else 1)
    return (slice(start, min(start + size, rows)) for start in range(0, rows, size))


class _Outputs:
    """Arrays filled batch by batch; made when the first batch tells their widths."""

    def __init__(self, rows: int, logits: np.ndarray | None, features: np.ndarray | None, signals: frozenset[Signal]):
        self.rows, self.logits, self.features = rows, logits, features
        self.wants_features = Signal.FEATURES in signals
        self.norms = np.zeros(rows) if Signal.GRADIENT_NORM in signals else None

    def put(self, rows: slice, logits: Tensor, features: Tensor) -> None:
        """Logits [b, C] and features [b, d] of consecutive rows."""
        if self.logits is None:
            self.logits = np.empty((self.rows, logits.shape[1]), np.float32)
        self.logits[rows] = logits.detach().float().cpu().numpy()
        if self.wants_features:
            if self.features is None:
                self.features = np.empty((self.rows, features.shape[1]), np.float32)
            self.features[rows] = features.detach().float().cpu().numpy()


def _pass_batch(
    network: Network,
    x: Any,
    rows: slice,
    labels: Tensor,
    tap: GradientTap | None,
    spread: InputGradients | None,
    out: _Outputs,
) -> None:
    """One forward, and from it the backward passes of the loss and of the label's logit where they are asked for."""
    gradients = tap is not None or spread is not None
    with torch.enable_grad() if gradients else torch.inference_mode():
        embedded = network.embed(x)
        if spread is not None and not embedded.requires_grad:
            embedded = embedded.detach().requires_grad_()
        features = network.features_from(embedded)
        logits = network.head(features)
    out.put(rows, logits, features)
    if int(labels.max()) >= logits.shape[1]:
        raise ModelError(
            f"Label {int(labels.max())} occurs, the model has {logits.shape[1]} outputs.",
            "Give a model with one output per class, or check the class map.",
        )
    if not gradients:
        return
    targets = torch.where(labels == UNLABELED, logits.detach().argmax(1), labels)
    if tap is not None:
        assert out.norms is not None
        norms = tap.squared_norms(x, logits, targets, keep_graph=spread is not None)
        out.norms[rows] = norms.sqrt().cpu().numpy()
    if spread is not None:
        own = logits.gather(1, targets[:, None]).sum()
        (gradient,) = torch.autograd.grad(own, [embedded])
        spread(np.arange(rows.start, rows.stop), _positions(gradient, network.places(x)).cpu().numpy())


def _positions(gradient: Tensor, places: Tensor | None) -> Tensor:
    """[b, positions] of an input gradient; channels or tokens are averaged BEFORE any spread is taken."""
    if places is not None:
        tokens = places.sum(1).clamp(min=1)
        return (gradient * places.unsqueeze(-1)).sum(1) / tokens[:, None]
    return gradient.mean(1).flatten(1) if gradient.dim() == 4 else gradient.flatten(1)


def _step(network: torch.nn.Module, example: Any, memory: int | None) -> int:
    if isinstance(network, HandedNetwork):  # it may read anything
        return batch_for(network, to_device(example, next(network.parameters()).device), memory)
    return batch_for(network, _stand_in([*example.shape[1:]] if isinstance(example, Tensor) else [], network), memory)


def _stand_in(dims: list[int], network: torch.nn.Module) -> Any:
    """An example of zeros to count with: images and tables of this shape, else a text of usual length."""
    device = next(network.parameters()).device
    if dims:
        return torch.zeros(1, *dims, device=device)
    tokens = min(_TOKENS, getattr(network, "longest", _TOKENS))
    return (torch.zeros(1, tokens, dtype=torch.int64, device=device), torch.zeros(1, tokens, device=device))


def batches_of(network: Network, encoded: Encoded) -> int:
    """How often `progress` advances in one pass over these rows."""
    return -(-len(encoded) // _step(network, span(encoded, 0, 1), None)) if len(encoded) else 0


def batches_per_pass(network: torch.nn.Module, shape: InputShape, rows: int, memory: int | None = None) -> int:
    """The same before the rows are encoded, for a network that reads that shape."""
    dims = [] if shape.modality is Modality.TEXT else [*shape.dims]
    return -(-rows // batch_for(network, _stand_in(dims, network), memory))
