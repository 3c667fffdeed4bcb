"""Leave-one-out: how much the held-out fit falls when the row is removed and the classifier refitted.

    LOO_i = v(all) - v(all but i),    v = 1 - mean squared error of a classifier on the frozen embedding

Exactly and without refitting for three classifiers: ridge (the weights move by -(X'X + lambda I)^-1 x_i e_i / (1 -
h_i), h_i the row's leverage), nearest neighbors (the next one steps in) and class means (one mean moves). `network`
trains a small network again without each row, from the same starts (paired), for up to 1,000 rows: the effect of one
row is then often below the noise of the seeds, so the correlation of two halves of the seeds stands beside it. All
reals, about 1 / N. HIGH helps, LOW (negative) misleads: probably labeled wrong. Without held-out rows, five folds judge
the rest, with their wrong labels. Fails: copies hide each other (removing one of two changes nothing), and each
classifier sees only what it can; and with few targets squared error punishes overshoot, so that a wrong label may
look helpful. Cook & Weisberg 1982; squared error, as accuracy is mostly ties.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.closed_form_refits import class_mean_removals, neighbor_removals
from core.scores.shared.paired_refits import network_removals, steps_of
from core.scores.shared.ridge_game import MOST_ROWS, LearnerParams, RidgeGame, RidgeGames, ridge_games, valuation_result
from core.types.errors import DataError
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.ranks import spearman
from core.types.scores import AssumptionCheck, Light, ScoreResult
from core.types.signals import Signal


@dataclass(frozen=True)
class LeaveOneOutParams(LearnerParams):
    """Settings of leave-one-out."""

    learner: str = param(
        "ridge",
        label="Classifier",
        choices=("ridge", "nearest_neighbors", "class_means", "network"),
        help="The first three exactly, in closed form. network: trained again without each row (1,000 rows at most).",
    )
    k: int = param(10, label="Neighbors (K)", low=1, help="Of the nearest neighbors.")
    seeds: int = param(
        4, label="Seeds", low=2, high=50, help="Starts that each training of the network is paired over."
    )


def _compute(inputs: ScoreInputs, params: LeaveOneOutParams, progress: Progress) -> ScoreResult:
    games = ridge_games(inputs, params, "Leave-one-out")
    if params.learner == "network" and len(games.rows) > MOST_ROWS:
        raise DataError(
            f"Training again without each of {len(games.rows):,} rows takes too long (at most {MOST_ROWS:,}).",
            "Choose ridge, nearest_neighbors or class_means: these need no training.",
        )
    per_seed = _per_seed(inputs, games, params, progress)
    values = per_seed.mean(axis=0)
    harmful = float((values < 0).mean())
    check = AssumptionCheck(
        Light.GREEN if harmful <= 0.5 else Light.AMBER, f"Removing {harmful:.1%} of the rows would help.", "share"
    )
    if params.learner != "network":
        return valuation_result(inputs, games, values, None, (check,), {"learner": params.learner})
    meta = {"learner": params.learner, "seeds": params.seeds}
    return valuation_result(inputs, games, values, per_seed, (check, noise_floor(per_seed)), meta)


def _per_seed(
    inputs: ScoreInputs, games: RidgeGames, params: LeaveOneOutParams, progress: Progress
) -> Float64[np.ndarray, "seed row"]:
    """[S, n]: one row for the closed forms."""
    seeds = inputs.rng.integers(2**31, size=params.seeds) if params.learner == "network" else np.zeros(1, np.int64)
    total, played = np.zeros((len(seeds), len(games.rows))), np.zeros(len(games.rows))
    steps = max(steps_of(one.game) for one in games.subgames) if params.learner == "network" else 1
    progress.stage("Leave-one-out", len(games.subgames) * len(seeds) * steps)
    for one in games.subgames:
        for number, seed in enumerate(seeds):
            total[number, one.players] += _removals(one.game, params, int(seed), progress)
        played[one.players] += 1.0
    return total / played


def _removals(game: RidgeGame, params: LeaveOneOutParams, seed: int, progress: Progress) -> Float64[np.ndarray, " row"]:
    if params.learner == "network":
        return network_removals(game, seed, progress)
    progress.advance()
    if params.learner == "nearest_neighbors":
        return neighbor_removals(game, params.k)
    return class_mean_removals(game) if params.learner == "class_means" else game.leave_one_out()


def noise_floor(per_seed: Float[np.ndarray, "seed row"]) -> AssumptionCheck:
    """Do two disjoint halves of the seeds see the same effects?"""
    halves = [part.mean(axis=0) for part in np.array_split(per_seed, 2)]
    agreement = spearman(*halves)
    light = Light.GREEN if agreement >= 0.8 else Light.AMBER if agreement >= 0.3 else Light.RED
    text = f"Two halves of {len(per_seed)} seeds agree on the order with a rank correlation of {agreement:.2f}."
    advice = "" if light == Light.GREEN else " Effects of single rows are near the noise of the seeds."
    return AssumptionCheck(light, text + advice, "noise floor")


LEAVE_ONE_OUT = ScoreMethod(
    name="leave_one_out",
    title="Leave-one-out",
    summary="How much the held-out fit of a classifier falls without the row.",
    paper=Paper("Cook & Weisberg", 1982, "Residuals and Influence in Regression", "https://hdl.handle.net/11299/37076"),
    params=LeaveOneOutParams,
    group=Group.VALUATION,
    direction=Direction.HELPFUL,
    inspect_first="lowest",
    orientation=orient(find_noise=-1, keep_clean_core=+1, remove_redundant=-1, most_helpful=+1),
    needs=(Signal.EMBEDDING,),
    compute=_compute,
    judged_by_held_out=True,
    range="all reals; about 1/N",
    high_means="The classifier is worse without it: helpful.",
    low_means="The classifier is better without it: misleads, probably labeled wrong.",
    cost="N x d^2 (ridge), V x N x d (neighbors, means) for d of at most 64; the network N trainings for each seed.",
)
