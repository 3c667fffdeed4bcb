"""One fused inference pass for all scores that logits and last features give in closed form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.models.adapter import AdaptedNetwork
from core.models.network import Network
from core.numerics.batches import batch_for, evaluating
from core.numerics.closed_forms import QUICK, closed_forms
from core.numerics.devices import casting
from core.numerics.outer import Scratch
from core.types.errors import CurationError, ModelError
from core.types.labels import class_numbers
from core.types.progress import Progress, SilentProgress

from .loop import to_device
from .rows import as_rows, span

_MOST = 1024  # rows: without gradients, layers' outputs are read back while they are still in the second cache
Parts = Callable[[Any], tuple[Tensor, Tensor]]  # x -> (features [b, d], logits [b, C])


def quick_scores(
    network: nn.Module,
    inputs: Any,
    labels: Any,
    names: Iterable[str] = QUICK,
    *,
    progress: Progress | None = None,
    batch: int | None = None,
    memory: int | None = None,
    bf16: bool = False,
    class_names: Sequence[str] = (),
) -> dict[str, np.ndarray]:
    """{name: [N] float32} of `network` as it is, from one pass in inference mode.

    network: any module whose last Linear layer makes the logits [b, C]. inputs: [N, ...] array or tensor as the network
    reads it (or a tuple of them, or encoded examples); labels: [N] integers, -1 for unlabeled rows, which get NaN where
    a label is needed, or names with class_names (one per output). names: any of `QUICK`: el2n, loss, margin,
    margin_logit, entropy, least_confidence, gradnorm_ood, grand_last; meanings and units are those of the scores of the
    same name. batch: rows per step; by default so many that activations stay in cache, and within `memory` bytes. bf16:
    linear layers and convolutions in bfloat16, results in float32. Raises `ModelError` when labels and outputs do not
    fit, `DataError` for labels that are no classes.

    >>> quick_scores(net, torch.randn(100, 50), torch.randint(0, 5, (100,)))["el2n"].shape
    (100,)
    """
    names = tuple(names)
    if unknown := [name for name in names if name not in QUICK]:
        raise CurationError(f"{unknown[0]!r} has no closed form.", f"There are: {', '.join(QUICK)}.")
    encoded, report = as_rows(inputs), progress or SilentProgress()
    given = torch.from_numpy(class_numbers(labels, class_names))
    if len(given) != len(encoded):
        raise ModelError(f"There are {len(encoded):,} inputs and {len(given):,} labels.", "Give one label per input.")
    with evaluating(network), torch.inference_mode():
        size = batch or batch_for(network, span(encoded, 0, 1), memory=memory, most=_MOST)
        logits, one, square = _forward(network, encoded, size, names, report, bf16)
        if len(given) and int(given.max()) >= logits.shape[1]:
            raise ModelError(
                f"Label {int(given.max())} occurs, the model has {logits.shape[1]} outputs.",
                "Give a model with one output per class, or check the class map.",
            )
        found = closed_forms(names, logits, given.to(logits.device), one, square)
    return {name: values.cpu().numpy() for name, values in found.items()}


def _forward(
    network: nn.Module, encoded: Any, size: int, names: tuple[str, ...], progress: Progress, bf16: bool
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Logits [N, C], and of the features [N] the sum of |h| and of h^2 (plus 1 with a bias) where asked for."""
    device, rows = next((p.device for p in network.parameters()), torch.device("cpu")), len(encoded)
    one = torch.empty(rows, device=device) if "gradnorm_ood" in names else None
    square = torch.empty(rows, device=device) if "grand_last" in names else None
    logits, scratch = torch.empty(0), Scratch()
    with _running(network) as (run, has_bias), casting(device, bf16):
        for start in range(0, rows, size):
            part = slice(start, min(start + size, rows))
            features, out = run(to_device(span(encoded, part.start, part.stop), device))
            if start == 0:
                logits = torch.empty(rows, out.shape[1], device=device)
            logits[part] = out
            if one is not None:
                sizes = torch.abs(features, out=scratch.take("sizes", tuple(features.shape), features))
                torch.sum(sizes, 1, dtype=torch.float32, out=one[part])  # eight times as fast as a 1-norm
            if square is not None:
                torch.linalg.vector_norm(features, 2, dim=1, dtype=torch.float32, out=square[part])
            progress.advance()
    return logits, one, None if square is None else square.square_().add_(float(has_bias))


@contextmanager
def _running(network: nn.Module) -> Iterator[tuple[Parts, bool]]:
    """How to get features and logits from one run of the network, and whether its last layer has a bias."""
    if isinstance(network, Network) and not isinstance(network, AdaptedNetwork):
        yield lambda x: _in_steps(network, x), network.head.bias is not None
        return
    last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1:]
    if not last:
        raise ModelError(
            f"{type(network).__name__} has no Linear layer.",
            "The last layer must be a torch.nn.Linear making the logits.",
        )
    caught: list[Tensor] = []
    handle = last[0].register_forward_pre_hook(lambda _, args: caught.append(args[0]))
    try:
        yield lambda x: _listening(network, x, caught), last[0].bias is not None
    finally:
        handle.remove()


def _in_steps(network: Network, x: Any) -> tuple[Tensor, Tensor]:
    features = network.features(x)
    return features, network.head(features)


def _listening(network: nn.Module, x: Any, caught: list[Tensor]) -> tuple[Tensor, Tensor]:
    caught.clear()
    logits = network(x)
    if len(caught) != 1 or caught[0].dim() != 2 or logits.dim() != 2:
        raise ModelError(
            "The last Linear layer does not receive one vector per example.",
            "Make it the layer that turns features [batch, d] into logits [batch, classes].",
        )
    return caught[0], logits
