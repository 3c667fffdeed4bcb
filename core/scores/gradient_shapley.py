"""Gradient Shapley: each training row's mean gain in held-out fit at its own step of one-epoch gradient descent.

    phi_i = mean over orders of  v(w after the step on i) - v(w before it),    one row a step, w from 0

w is a softmax layer on the run's own features (the inputs of each network's last layer, centered, of mean length 1). v
is the mean log-likelihood of the targets' labels, or their accuracy as published. All reals; they sum to v(trained) -
v(w = 0). HIGH helps, LOW (negative) misleads: probably labeled wrong. The targets follow each step through inner
products of features, so that an order costs N x V x C and no pass over a network. The learning rate is the best of
1 .. 10^-4.5 by how often each row's label has most of the probability just before its own step (mean less deviation
over orders), which uses no target. Estimates come in five parts, whose spread is their error. Without held-out rows the
left-out folds judge, with their wrong labels. Fails: features of networks that memorized a wrong label make it look
right; early steps weigh more than late ones, which only more orders even out; few orders. Ghorbani & Zou, ICML 2019
(G-Shapley).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Integer

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.epochs import Fit
from core.scores.shared.formulas import softmax
from core.scores.shared.held_out_targets import LastLayer, judged_layers, judged_result, with_bias
from core.scores.shared.ridge_game import copy_groups, mean_over_copies, rows_by_id
from core.scores.shared.semivalues import PARTS, error_check
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import AssumptionCheck, Light, ScoreResult
from core.types.signals import Signal

_CELLS = 600_000_000  # softmax entries of the targets in all orders together, when the number of orders is left open
_BLOCK_CELLS = 2_000_000  # of the targets' logits held at a time
_RATES = 10.0 ** -np.arange(0.0, 5.0, 0.5)
_RATE_ORDERS = 10  # orders that a learning rate is judged by, as published
_RATE_ROWS = (
    2_000  # rows that rates are tried on: ten rates times ten orders of all rows could cost more than the score
)


@dataclass(frozen=True)
class GradientShapleyParams:
    """Settings of Gradient Shapley."""

    orders: int = param(
        0, label="Random orders", low=0, help="0: as many as take about ten seconds, from 5 to 100 for each network."
    )
    targets: int = param(200, label="Targets at most", low=1, help="A random sample is used when there are more.")
    learning_rate: float = param(0.0, label="Learning rate", low=0.0, help="0: the best of 1 to 10^-4.5 on the rows.")
    utility: str = param(
        "log_likelihood", label="Rows are paid by", choices=("log_likelihood", "accuracy"), help="accuracy: published."
    )


@dataclass(frozen=True, eq=False)
class Descent:
    """Rows x [n, D] with labels y [n] are stepped on; targets [V, D] with target_labels [V] judge; C classes."""

    x: Float[np.ndarray, "row feature"]
    y: Integer[np.ndarray, " row"]
    targets: Float[np.ndarray, "target feature"]
    target_labels: Integer[np.ndarray, " target"]
    classes: int


def utility(
    logits: Float[np.ndarray, "order class target"], labels: Integer[np.ndarray, " target"], kind: str
) -> Float64[np.ndarray, " order"]:
    """[orders] of the targets' logits [orders, C, V]: mean log-likelihood of their labels, or accuracy."""
    own = logits[:, labels, np.arange(len(labels))]
    top = logits.max(axis=1)
    if kind == "accuracy":
        return (own >= top).mean(axis=1)
    return (own - top - np.log(np.exp(logits - top[:, None]).sum(axis=1))).mean(axis=1)


def order_gains(
    descent: Descent, orders: Integer[np.ndarray, "order row"], rate: float, kind: str, progress: Progress
) -> Float64[np.ndarray, "order row"]:
    """[P, n] what v gains at each row's step, for the orders [P, n] (positions in its rows)."""
    count, n = orders.shape
    weights = np.zeros((count, descent.classes, descent.x.shape[1]))
    logits = np.zeros((count, descent.classes, len(descent.targets)))
    gains, every = np.empty((count, n)), np.arange(count)
    before = utility(logits, descent.target_labels, kind)
    for step in range(n):
        row = orders[:, step]
        push = -rate * _error(weights, descent, row)
        weights += push[:, :, None] * descent.x[row][:, None, :]
        logits += push[:, :, None] * (descent.x[row] @ descent.targets.T)[:, None, :]
        after = utility(logits, descent.target_labels, kind)
        gains[every, row] = after - before
        before = after
        progress.advance()
    return gains


def _error(
    weights: Float[np.ndarray, "order class feature"], descent: Descent, row: Integer[np.ndarray, " order"]
) -> Float64[np.ndarray, "order class"]:
    """[P, C] softmax minus one-hot of one row for each order."""
    error = softmax(np.einsum("pcd,pd->pc", weights, descent.x[row]))
    error[np.arange(len(row)), descent.y[row]] -= 1.0
    return error


def best_rate(descent: Descent, rng: np.random.Generator) -> float:
    """The rate with the best mean less deviation, over ten orders, of the accuracy on rows just before their steps."""
    some = rng.permutation(len(descent.x))[:_RATE_ROWS]
    orders = np.tile(np.stack([rng.permutation(some) for _ in range(_RATE_ORDERS)]), (len(_RATES), 1))
    rates = np.repeat(_RATES, _RATE_ORDERS)
    weights = np.zeros((len(orders), descent.classes, descent.x.shape[1]))
    right = np.zeros(orders.shape)
    for step in range(orders.shape[1]):
        row = orders[:, step]
        error = _error(weights, descent, row)
        own = error[np.arange(len(row)), descent.y[row]] + 1.0
        right[:, step] = own > 0.5  # more than half of the probability: never by a tie
        weights -= (rates[:, None] * error)[:, :, None] * descent.x[row][:, None, :]
    accuracy = right.mean(axis=1).reshape(len(_RATES), _RATE_ORDERS)
    return float(_RATES[int(np.argmax(accuracy.mean(axis=1) - accuracy.std(axis=1)))])


def _compute(inputs: ScoreInputs, params: GradientShapleyParams, progress: Progress) -> ScoreResult:
    layers = [group[-1] for group in judged_layers(inputs, "Gradient Shapley")]
    rng = inputs.rng
    effects, parts, rates, orders = [], [], [], 0
    for number, layer in enumerate(layers):
        rows, descent = _descent(inputs, layer, params.targets, rng)
        rate = params.learning_rate or best_rate(descent, rng)
        orders = _order_count(params.orders, descent, len(layers))
        blocks = _blocks(orders, descent)
        progress.stage(f"Gradient Shapley, network {number + 1}", len(blocks) * len(rows))
        gains = _mean_gains(descent, blocks, rate, params.utility, rng, progress)
        copies = copy_groups(layer.features[rows], inputs.labels[rows])
        parts.append(mean_over_copies(gains, copies)[:, np.argsort(rows)])
        effects.append(parts[-1].mean(axis=0))
        rates.append(rate)
    meta = {"orders": orders, "learning_rates": rates, "utility": params.utility}
    checks = (error_check(np.hstack(parts)), memorization_check(inputs, layers))
    return judged_result(inputs, layers, effects, checks, meta, parts=parts)


def memorization_check(inputs: ScoreInputs, layers: list[LastLayer]) -> AssumptionCheck:
    """Did the networks that give the features learn labels by heart, wrong ones too?"""
    seen, judged = (
        float(np.mean([(layer.logits[rows].argmax(1) == inputs.labels[rows]).mean() for layer, rows in pairs]))
        for pairs in ([(one, one.trained) for one in layers], [(one, one.targets) for one in layers])
    )
    by_heart = Fit(seen, judged).memorizes
    text = f"The networks behind the features fit {seen:.1%} of the training labels and {judged:.1%} of the targets'"
    text += ": wrong labels learned by heart look right." if by_heart else "."
    return AssumptionCheck(Light.AMBER if by_heart else Light.GREEN, text, "memorization")


def _descent(
    inputs: ScoreInputs, layer: LastLayer, most: int, rng: np.random.Generator
) -> tuple[Integer[np.ndarray, " row"], Descent]:
    """Training rows in order of id, so that the order of the table plays no part, and what they are stepped on."""
    features = with_bias(layer)
    rows, targets = (rows_by_id(inputs, one) for one in (layer.trained, layer.targets))
    if len(targets) > most:
        targets = targets[np.sort(rng.choice(len(targets), most, replace=False))]
    plain = features[:, : layer.features.shape[1]]
    center = plain[rows].mean(axis=0)
    length = float(((plain[rows] - center) ** 2).sum(axis=1).mean()) ** 0.5 or 1.0
    x, seen = (np.hstack([(plain[r] - center) / length, np.ones((len(r), 1))]) for r in (rows, targets))
    labels = inputs.labels
    return rows, Descent(x, labels[rows], seen, labels[targets], layer.logits.shape[1])


def _order_count(orders: int, descent: Descent, networks: int) -> int:
    """A multiple of the number of parts."""
    cells = len(descent.x) * max(len(descent.targets), 1) * descent.classes * networks
    count = orders or min(100, _CELLS // cells)
    return PARTS * max(1, round(count / PARTS))


def _blocks(count: int, descent: Descent) -> list[int]:
    """How many orders are taken at once, until there are `count`: a multiple of the parts."""
    most = _BLOCK_CELLS // max(
        len(descent.x), len(descent.targets) * descent.classes, descent.x.shape[1] * descent.classes
    )
    size = PARTS * max(1, most // PARTS)
    return [min(size, count - start) for start in range(0, count, size)]


def _mean_gains(
    descent: Descent, blocks: list[int], rate: float, kind: str, rng: np.random.Generator, progress: Progress
) -> Float64[np.ndarray, "part row"]:
    """[PARTS, n] mean gain over the random orders of each part, so many at once as each of `blocks` says."""
    total = np.zeros((PARTS, len(descent.x)))
    for size in blocks:
        orders = np.stack([rng.permutation(len(descent.x)) for _ in range(size)])
        total += order_gains(descent, orders, rate, kind, progress).reshape(-1, PARTS, len(descent.x)).sum(axis=0)
    return total * PARTS / sum(blocks)


GRADIENT_SHAPLEY = ScoreMethod(
    name="gradient_shapley",
    title="Gradient Shapley",
    summary="Mean gain in held-out fit at the row's own step of one-epoch gradient descent.",
    paper=Paper(
        "Ghorbani & Zou",
        2019,
        "Data Shapley: Equitable Valuation of Data for Machine Learning",
        "https://arxiv.org/abs/1904.02868",
    ),
    params=GradientShapleyParams,
    group=Group.VALUATION,
    direction=Direction.HELPFUL,
    inspect_first="lowest",
    orientation=orient(find_noise=-1, keep_clean_core=+1, remove_redundant=-1, most_helpful=+1),
    needs=(Signal.FEATURES, Signal.FOLD_MODELS),
    compute=_compute,
    judged_by_held_out=True,
    range="all reals; about 1/N",
    high_means="A step on it improves the held-out fit: helpful.",
    low_means="A step on it spoils the held-out fit: misleads, probably labeled wrong.",
    cost="5 to 100 orders x N x V x C for at most 200 targets, for each network.",
)
