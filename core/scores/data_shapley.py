"""Data Shapley: each training row's mean gain in held-out fit over random orders of the rows (truncated Monte Carlo).

    phi_i = mean over orders of  v(rows before i, and i) - v(rows before i)

v is one minus the squared error of a ridge classifier on the frozen embedding (see `ridge_game`). All reals; the values
sum to v(all) - v(none). HIGH helps, LOW (negative) misleads: probably labeled wrong. One Cholesky factor gives a whole
order, so truncation saves nothing here and is off; asked for, it stops as published (more than five prefixes in a row
within that share of v(all)) and pulls low values to 0. Estimates come in five parts, whose spread is their error. For
up to 1,000 training rows. Without held-out rows, five folds judge the rest, with their wrong labels. Fails: it inherits
the embedding, and a linear classifier sees no local structure. Ghorbani & Zou, ICML 2019.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.ridge_game import LearnerParams, sampled_result, too_many_rows, value_orders
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal


@dataclass(frozen=True)
class DataShapleyParams(LearnerParams):
    """Settings of Data Shapley."""

    orders: int = param(200, label="Random orders", low=5, help="More make the error smaller, as one over the root.")
    truncation: float = param(0.0, label="Truncation", low=0.0, help="0: every gain counts. As published: 0.01.")


def _compute(inputs: ScoreInputs, params: DataShapleyParams, progress: Progress) -> ScoreResult:
    games, sampled = value_orders(inputs, params, params.orders, "Data Shapley", progress, truncation=params.truncation)
    return sampled_result(inputs, games, sampled, {"orders": params.orders, "walked": sampled.evaluated})


DATA_SHAPLEY = ScoreMethod(
    name="data_shapley",
    title="Data Shapley",
    summary="Mean gain in held-out fit of a linear classifier over random orders of the rows.",
    paper=Paper(
        "Ghorbani & Zou",
        2019,
        "Data Shapley: Equitable Valuation of Data for Machine Learning",
        "https://arxiv.org/abs/1904.02868",
    ),
    params=DataShapleyParams,
    group=Group.VALUATION,
    direction=Direction.HELPFUL,
    inspect_first="lowest",
    orientation=orient(find_noise=-1, keep_clean_core=+1, remove_redundant=-1, most_helpful=+1),
    needs=(Signal.EMBEDDING,),
    compute=_compute,
    judged_by_held_out=True,
    range="all reals; they sum to at most 1",
    high_means="Classifiers gain from it: helpful.",
    low_means="Classifiers lose by it: misleads, probably labeled wrong.",
    cost="200 orders x (N^3 / 3 + N^2 x 64), for up to 1,000 training rows.",
    why_not=too_many_rows,
)
