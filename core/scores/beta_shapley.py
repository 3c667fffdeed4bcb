"""Beta Shapley: Data Shapley that listens most to small sets of rows.

    phi_i = sum_j w_j x (mean gain of joining j random others),   w_j = C(N-1, j) B(j + b, N - 1 - j + a) / B(a, b)

(a, b) = (1, 1) is Data Shapley; the larger a, the smaller the sets that count: (16, 1) was the best at wrong labels, as
in a large set one row hardly matters. v is one minus the squared error of a ridge classifier on the frozen embedding
(see `ridge_game`). All reals. HIGH helps, LOW (negative) misleads: probably labeled wrong. Orders end where less
than a millionth of the weight is left. Beware of the names: some code swaps a and b. For up to 1,000 training rows.
Fails like Data Shapley; small sets know little, so its values are noisier. Kwon & Zou, AISTATS 2022.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.ridge_game import LearnerParams, sampled_result, too_many_rows, value_orders
from core.scores.shared.semivalues import position_weights
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal


@dataclass(frozen=True)
class BetaShapleyParams(LearnerParams):
    """Settings of Beta Shapley."""

    orders: int = param(400, label="Random orders", low=5, help="More make the error smaller, as one over the root.")
    alpha: float = param(16.0, label="Alpha", low=0.01, help="Large: small sets count most. 1 and 1 is Data Shapley.")
    beta: float = param(1.0, label="Beta", low=0.01, help="Large: large sets count most.")


def _compute(inputs: ScoreInputs, params: BetaShapleyParams, progress: Progress) -> ScoreResult:
    def weights(n: int) -> Float64[np.ndarray, " place"]:
        return position_weights(n, params.alpha, params.beta)

    games, sampled = value_orders(inputs, params, params.orders, "Beta Shapley", progress, weights=weights)
    meta = {"orders": params.orders, "alpha": params.alpha, "beta": params.beta}
    return sampled_result(inputs, games, sampled, meta)


BETA_SHAPLEY = ScoreMethod(
    name="beta_shapley",
    title="Beta Shapley",
    summary="Data Shapley that listens most to small sets of rows.",
    paper=Paper(
        "Kwon & Zou",
        2022,
        "Beta Shapley: a Unified and Noise-reduced Data Valuation Framework for Machine Learning",
        "https://arxiv.org/abs/2110.14049",
    ),
    params=BetaShapleyParams,
    group=Group.VALUATION,
    direction=Direction.HELPFUL,
    inspect_first="lowest",
    orientation=orient(find_noise=-1, keep_clean_core=+1, remove_redundant=-1, most_helpful=+1),
    needs=(Signal.EMBEDDING,),
    compute=_compute,
    judged_by_held_out=True,
    range="all reals",
    high_means="Small sets gain from it: helpful.",
    low_means="Small sets lose by it: misleads, probably labeled wrong.",
    cost="400 orders x (N^3 / 3 + N^2 x 64), for up to 1,000 training rows.",
    why_not=too_many_rows,
)
