"""Influence between rows on a person's own networks and arrays: every training row on every target, and no files.

    influence_pairs     [V, N]  rise of each target's loss when the row is removed
    influence_on_mean   [N]     rise of the targets' mean loss
    self_influence_of   [N]     g_i' H^-1 g_i, in units of one over N

POSITIVE is helpful, NEGATIVE harmful. Networks are one checkpoint or several: their mean (tracin: the sum, weighted by
the learning rates). Methods through all Linear, Conv and norm layers and packed attention (parameters of others, such
as embeddings, are left out; `notes` names them):

    gauss_newton   the Hessian's strongest directions in all layers together; up to some 10,000 parameters the most
                   faithful to retraining, and no dearer than ekfac
    ekfac          Kronecker eigenbasis of each layer, corrected eigenvalues; grows with neither rows nor directions
    datainf        mean of single-row inverses; the published lambda, damping plays no part
    tracin         gradient products; tracin_normalized: their cosines
    trak           effect on the margin, in the scale of the margin; the ridge matched to the weight decay

With layers="last" the solvers of the score `influence` (exact, cg, lissa, arnoldi, datainf, ekfac) and tracin.
Koh & Liang 2017; Grosse et al. 2023; Kwon et al. 2024; Pruthi et al. 2020; Park et al. 2023.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from core.library.influence_rows import as_rows, called, names_of_inputs
from core.library.last_layer_pairs import LAST_LAYER_METHODS, last_layer_pairs
from core.scores.shared.last_layer.influence import SolveParams
from core.types.errors import DataError
from core.types.progress import Progress, SilentProgress
from core.types.registry import check_name

if TYPE_CHECKING:
    from torch import Tensor, nn

    from core.numerics.network_pairs import Kernel
    from core.numerics.tapped import Rows, TappedNetwork

METHODS = ("gauss_newton", "ekfac", "datainf", "tracin", "tracin_normalized", "trak")
_DAMPING = {"gauss_newton": 3.0, "ekfac": 1.0}  # x mean eigenvalue, within the advised 1 to 3
_PROJECTED_ABOVE = 5_000  # rows: TRAK's kernel of them would take more than 200 MB
_NO_PROJECTION = 0  # dimensions, which `margin_effects` takes as: leave the gradients as they are


@dataclass(frozen=True, eq=False)
class PairwiseInfluence:
    """values float32 [V, N], or [N]; notes: what was left out, in words."""

    values: np.ndarray
    method: str
    notes: tuple[str, ...] = ()


class PairMode(StrEnum):
    """Which effect of each training row is returned."""

    PAIRS = "pairs"  # its effect on every target
    MEAN = "mean"  # its effect on the targets' mean
    SELF = "self"  # its effect on itself


@dataclass(frozen=True)
class InfluenceSettings:
    """How influence is taken.

    damping: x mean eigenvalue of the curvature (None: the method's own, 1 to 3), added to `weight_decay`.
    learning_rates: one per network, for tracin; None counts all alike.
    directions: how many of the Hessian's gauss_newton keeps; time grows with their cube.
    leverage: of the last layer's solvers, what makes them agree with retraining that layer.
    k: TRAK's projected dimensions; None: 512 above 5,000 rows, no projection below (0).
    class_names: one per output, in their order, for labels that are names.
    """

    method: str = "gauss_newton"
    layers: str = "all"
    damping: float | None = None
    weight_decay: float = 0.0
    learning_rates: Sequence[float] | None = None
    directions: int = 1_500
    leverage: bool = True
    k: int | None = None
    seed: int = 0
    class_names: Sequence[str] = ()


# Inputs [N, ...] (an array or tensor, a tuple of them, or a dict by the names of the network's arguments), and labels
# [N] as the outputs count them.
Arrays = tuple[Any, Any]


def influence_pairs(
    networks: nn.Module | Sequence[nn.Module],
    train: Arrays,
    targets: Arrays,
    *,
    settings: InfluenceSettings = InfluenceSettings(),
    progress: Progress | None = None,
) -> PairwiseInfluence:
    """[V, N] of every training row on every target.

    Raises `DataError` for arrays that do not fit together and `ModelError` for a network that cannot be tapped.
    """
    return _over_networks(networks, train, targets, settings, PairMode.PAIRS, progress)


def influence_on_mean(
    networks: nn.Module | Sequence[nn.Module],
    train: Arrays,
    targets: Arrays,
    *,
    settings: InfluenceSettings = InfluenceSettings(),
    progress: Progress | None = None,
) -> PairwiseInfluence:
    """[N] of every training row on the targets' mean; see `influence_pairs`."""
    return _over_networks(networks, train, targets, settings, PairMode.MEAN, progress)


def self_influence_of(
    networks: nn.Module | Sequence[nn.Module],
    train: Arrays,
    *,
    settings: InfluenceSettings = InfluenceSettings(),
    progress: Progress | None = None,
) -> PairwiseInfluence:
    """[N] from 0 up: g_i' H^-1 g_i of all layers.

    Raises as `influence_pairs`, and `DataError` for trak, normalized tracin and layers="last", which have none.
    """
    if settings.method in ("trak", "tracin_normalized") or settings.layers != "all":
        raise DataError(
            f'There is no self-influence by "{settings.method}" of layers "{settings.layers}".',
            "Choose ekfac, gauss_newton, datainf or tracin of all layers, or the self-influence of a run.",
        )
    return _over_networks(networks, train, train, settings, PairMode.SELF, progress)


def _over_networks(
    networks: Any,
    train: Arrays,
    targets: Arrays,
    settings: InfluenceSettings,
    mode: PairMode,
    progress: Progress | None,
) -> PairwiseInfluence:
    every = list(networks) if isinstance(networks, (list, tuple)) else [networks]
    rates = _checked(every, settings)
    names = names_of_inputs(train[0], every[0])
    rows, target_rows = (as_rows(*arrays, every[0], settings.class_names, names) for arrays in (train, targets))
    every = called(every, names)
    quiet = progress or SilentProgress()
    if settings.layers == "last":
        params = SolveParams(damping=_damping(settings), leverage=settings.leverage)
        per_network = [
            last_layer_pairs(net, rows, target_rows, settings.method, params, settings.weight_decay, quiet)
            for net in every
        ]
        averaged = _averaged(
            [one.mean(axis=0) if mode is PairMode.MEAN else one for one in per_network], rates, settings.method
        )
        return PairwiseInfluence(averaged, settings.method)
    if settings.method == "trak":
        return _trak(every, rows, target_rows, settings, mode, quiet)
    read = [_of_network(net, rows, target_rows, settings, mode, quiet) for net in every]
    values = _averaged([one for one, _ in read], rates, settings.method)
    return PairwiseInfluence(values, settings.method, read[0][1])


def _checked(networks: list[Any], settings: InfluenceSettings) -> list[float]:
    """The weight of each network."""
    check_name(settings.layers, ("all", "last"), "choice of layers", DataError)
    known = METHODS if settings.layers == "all" else LAST_LAYER_METHODS
    check_name(settings.method, known, f"method for {settings.layers} layers", DataError)
    rates = [1.0] * len(networks) if settings.learning_rates is None else list(settings.learning_rates)
    if not networks or len(rates) != len(networks):
        raise DataError(f"{len(networks)} networks, {len(rates)} learning rates.", "Give one of each per checkpoint.")
    return rates


def _averaged(values: list[np.ndarray], rates: list[float], method: str) -> np.ndarray:
    weights = np.asarray(rates) if method == "tracin" else np.full(len(values), 1.0 / len(values))
    return np.tensordot(weights, np.stack(values), axes=1).astype(np.float32)


def _of_network(
    network: nn.Module, train: Rows, targets: Rows, settings: InfluenceSettings, mode: PairMode, progress: Progress
) -> tuple[np.ndarray, tuple[str, ...]]:
    from core.numerics.network_pairs import mean_products, pair_products, self_products
    from core.numerics.tapped import TappedNetwork

    progress.stage(f"Influence by {settings.method}", 0)
    with TappedNetwork(network, settings.seed, progress) as tapped:
        tapped.check(train)
        kernel = _kernel(tapped, train, settings)
        if mode is PairMode.SELF:
            return self_products(tapped, kernel, train).double().numpy(), tapped.notes
        read: Callable[[TappedNetwork, Kernel, Rows, Rows], Tensor] = (
            pair_products if mode is PairMode.PAIRS else mean_products
        )
        values = read(tapped, kernel, train, targets).double().numpy()
        if settings.method == "tracin_normalized":
            return _cosines(tapped, values, train, targets, mode), tapped.notes
        return values / (1 if settings.method == "tracin" else len(train)), tapped.notes


def _kernel(tapped: TappedNetwork, train: Rows, settings: InfluenceSettings) -> Kernel:
    from core.numerics.network_pairs import EKFAC, DataInf, GaussNewton, Plain

    if settings.method == "ekfac":
        return EKFAC(tapped, train, _damping(settings), settings.weight_decay)
    if settings.method == "gauss_newton":
        return GaussNewton(tapped, train, _damping(settings), settings.weight_decay, settings.directions)
    return DataInf(tapped, train) if settings.method == "datainf" else Plain(tapped)


def _damping(settings: InfluenceSettings) -> float:
    return _DAMPING.get(settings.method, 1.0) if settings.damping is None else settings.damping


def _cosines(tapped: TappedNetwork, values: np.ndarray, train: Rows, targets: Rows, mode: PairMode) -> np.ndarray:
    """Products by both lengths; 0 where a gradient is."""
    from core.numerics.network_pairs import lengths, mean_gradient
    from core.numerics.tapped import squares

    own = lengths(tapped, train).double().numpy()
    others = lengths(tapped, targets) if mode is PairMode.PAIRS else squares(mean_gradient(tapped, targets)).sqrt()
    size = others.cpu().double().numpy()[:, None] * own
    size = size if mode is PairMode.PAIRS else size[0]
    return np.divide(values, size, out=np.zeros_like(values), where=size > 0)


def _trak(
    networks: list[Any], train: Rows, targets: Rows, settings: InfluenceSettings, mode: PairMode, progress: Progress
) -> PairwiseInfluence:
    """Mean effect over the networks times mean doubt."""
    from core.numerics.network_trak import margin_effects
    from core.numerics.tapped import TappedNetwork

    k = settings.k if settings.k is not None else _NO_PROJECTION if len(train) <= _PROJECTED_ABOVE else 512
    effects, doubts = [], []
    notes: tuple[str, ...] = ()
    progress.stage("Influence by trak", 0)
    for network in networks:
        with TappedNetwork(network, settings.seed, progress) as tapped:
            tapped.check(train)
            margins, notes = margin_effects(tapped, train, targets, k, settings.weight_decay), tapped.notes
        effects.append(margins.effects.numpy())
        doubts.append(margins.doubts.numpy())
    values = np.mean(effects, axis=0) * np.mean(doubts, axis=0)
    if k > len(train):
        notes = (*notes, f"{k} projected dimensions for {len(train)} rows: the kernel is singular but for its ridge.")
    return PairwiseInfluence(
        (values.mean(axis=0) if mode is PairMode.MEAN else values).astype(np.float32), "trak", notes
    )
