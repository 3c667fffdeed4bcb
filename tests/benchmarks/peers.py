"""Other libraries doing what our passes do; each is imported only when it is installed."""

from __future__ import annotations

import copy
import importlib.util
import warnings
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from core.models.network import Network
from tests.benchmarks.comparison import Peer
from tests.benchmarks.measure import Work
from tests.benchmarks.workloads import Workload

# module -> name in the package index, of every library that some row may be compared with
PEERS = {
    "captum": "captum",
    "cleanlab": "cleanlab",
    "sklearn": "scikit-learn",
    "shap": "shap",
    "opacus": "opacus",
    "backpack": "backpack-for-pytorch",
    "kronfluence": "kronfluence",
    "pydvl": "pyDVL",
    "dattri": "dattri",
    "trak": "traker",
    "faiss": "faiss-cpu",
    "apricot": "apricot-select",
    "submodlib": "submodlib-py",
    "data_selection": "data-selection",
}
_LOOP_ROWS = 300  # a loop with batches of one is timed on these rows, and so are we
_VMAP_ROWS = 1_024
_TRACIN_ROWS = 64
_LOADER_BATCH = 128


def installed(module: str) -> bool:
    """Can it be imported?"""
    return importlib.util.find_spec(module) is not None


def data_loader_loop(load: Workload, network: Network) -> Tensor:
    """What people write: a DataLoader over tensors in memory, softmax, scores batch by batch."""
    data = torch.utils.data.TensorDataset(load.x, load.targets)
    out = []
    with torch.no_grad():
        for x, y in torch.utils.data.DataLoader(data, batch_size=_LOADER_BATCH):
            p = network(x).softmax(1)
            out.append((p - nn.functional.one_hot(y, load.classes)).norm(dim=1))
    return torch.cat(out)


def gradient_norms(load: Workload, network: Network) -> list[Peer]:
    """Per-example gradient norms elsewhere; the slow ones on fewer rows, with ours on the same."""
    few, one = load.first(min(len(load), _VMAP_ROWS)), load.first(_LOOP_ROWS)
    return [
        Peer("opacus", "opacus", PEERS["opacus"], partial(_opacus, load, network)),
        Peer("BackPACK", "backpack", PEERS["backpack"], partial(_backpack, load, network)),
        Peer("vmap(grad)", "torch", "torch", lambda: partial(vmap_norms, few, network), _ours(few, network)),
        Peer("batch-1 loop", "torch", "torch", lambda: partial(_loop, one, network), _ours(one, network)),
    ]


def _ours(load: Workload, network: Network) -> Work:
    from core.training.passes import run_pass
    from core.training.rows import ArrayRows
    from core.types.progress import SilentProgress
    from core.types.signals import Signal

    rows, signals = ArrayRows(load.x), frozenset({Signal.GRADIENT_NORM})
    return lambda: run_pass(network, rows, load.labels, signals, progress=SilentProgress())


def _batch(load: Workload) -> int:
    return 64 if load.x.dim() == 4 else 1_024


def _opacus(load: Workload, network: Network) -> Work:
    """Ghost norms of its fast gradient clipping; in train mode, without which it records nothing."""
    from opacus.grad_sample import GradSampleModuleFastGradientClipping

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own = GradSampleModuleFastGradientClipping(copy.deepcopy(network).train(), use_ghost_clipping=True)

    def work() -> None:
        for x, y in zip(load.x.split(_batch(load)), load.targets.split(_batch(load)), strict=True):
            own.zero_grad()
            nn.functional.cross_entropy(own(x), y, reduction="sum").backward()
            own.get_norm_sample()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        work()
    return work


def _backpack(load: Workload, network: Network) -> Work:
    """BatchL2Grad on the same layers in a Sequential, which it needs."""
    from backpack import backpack, extend
    from backpack.extensions import BatchGrad, BatchL2Grad

    has_norms = any(isinstance(m, nn.GroupNorm) for m in network.modules())
    if has_norms:
        raise NotImplementedError("BackPACK has no GroupNorm")
    layers: list[nn.Module] = []
    for layer in network.hidden:
        layers += [copy.deepcopy(layer), nn.ReLU()]
    own, loss = (
        extend(nn.Sequential(*layers, copy.deepcopy(network.head))),
        extend(nn.CrossEntropyLoss(reduction="sum")),
    )
    assert BatchGrad is not None

    def work() -> None:
        for x, y in zip(load.x.split(_batch(load)), load.targets.split(_batch(load)), strict=True):
            own.zero_grad()
            with backpack(BatchL2Grad()):
                loss(own(x), y).backward()
            sum(p.batch_l2 for p in own.parameters())

    return work


def vmap_norms(load: Workload, network: Network, batch: int = 64) -> np.ndarray:
    """[N] gradient norms from torch.func: vmap over grad, all gradients of a batch materialized."""
    weights = {name: p.detach() for name, p in network.named_parameters()}

    def loss(given: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return nn.functional.cross_entropy(torch.func.functional_call(network, given, (x[None],)), y[None])

    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))
    out = []
    for x, y in zip(load.x.split(batch), load.targets.split(batch), strict=True):
        squares = [g.flatten(1).double().square().sum(1) for g in each(weights, x, y).values()]
        out.append(torch.stack(squares).sum(0).sqrt())
    return torch.cat(out).numpy()


def _loop(load: Workload, network: Network) -> list[float]:
    weights = list(network.parameters())
    out = []
    for x, y in zip(load.x.split(1), load.targets.split(1), strict=True):
        grads = torch.autograd.grad(nn.functional.cross_entropy(network(x), y), weights)
        out.append(float(torch.stack([g.square().sum() for g in grads]).sum().sqrt()))
    return out


def saliency(load: Workload, networks: Sequence[Network]) -> np.ndarray:
    """captum's Saliency of the label's logit at each checkpoint, in batches, then the spread over checkpoints."""
    from captum.attr import Saliency

    seen = []
    for network in networks:
        method, parts = Saliency(network), []
        for x, y in zip(load.x.split(_batch(load)), load.targets.split(_batch(load)), strict=True):
            found = method.attribute(x.clone().requires_grad_(), target=y, abs=False)
            parts.append((found.mean(1) if found.dim() == 4 else found).flatten(1).detach())
        seen.append(torch.cat(parts))
    return torch.stack(seen).std(0, correction=0).mean(1).numpy()


def self_influence(load: Workload, networks: Sequence[Network]) -> list[Peer]:
    """captum's TracInCP over all layers, on few rows: it materializes every gradient."""
    from core.library.influence_pairs import InfluenceSettings, self_influence_of

    few, rates = load.first(_TRACIN_ROWS), [0.1] * len(networks)
    rows, settings = (few.x.numpy(), few.labels), InfluenceSettings("tracin", learning_rates=rates)
    ours = partial(self_influence_of, list(networks), rows, settings=settings)
    return [Peer("captum TracInCP", "captum", "captum", partial(_tracin_cp, few, networks), ours)]


def _tracin_cp(load: Workload, networks: Sequence[Network]) -> Work:
    from captum.influence import TracInCP

    kept = [copy.deepcopy(network.state_dict()) for network in networks]

    def restore(model: nn.Module, number: str) -> float:
        model.load_state_dict(kept[int(number)])
        return 0.1

    data = torch.utils.data.TensorDataset(load.x, load.targets)
    method = TracInCP(
        copy.deepcopy(networks[0]),
        data,
        [str(k) for k in range(len(kept))],
        restore,
        loss_fn=nn.CrossEntropyLoss(reduction="none"),
        batch_size=_batch(load),
        sample_wise_grads_per_batch=False,
    )
    return lambda: method.self_influence()
