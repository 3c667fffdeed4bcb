"""Data Banzhaf: each training row's mean gain in held-out fit over fair random sets of the others.

    phi_i = mean v over random sets with i  -  mean v over random sets without i       (maximum sample reuse)

v is one minus the squared error of a ridge classifier on the frozen embedding (see `ridge_game`). All reals; unlike
Shapley values they do not sum to the whole, and their order is the most robust to a noisy v. HIGH helps, LOW (negative)
misleads: probably labeled wrong. Every set comes with its complement, so each row is in exactly half of them and all
sets serve all rows. The error of a value hardly depends on N while values shrink as 1 / N: read the check. For up to
10,000 training rows. Without held-out rows, five folds judge the rest. Fails: it inherits the embedding, and a linear
classifier sees no local structure. Wang & Jia, AISTATS 2023.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.scores.method import ScoreInputs, ScoreMethod, orient
from core.scores.shared.ridge_game import LearnerParams, ridge_games, sampled_result
from core.scores.shared.semivalues import sample_halves
from core.types.errors import CurationError
from core.types.examples import ExampleTable
from core.types.methods import Direction, Group, Paper
from core.types.params import param
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal

_MOST_ROWS = 10_000  # a value shrinks as 1 / N and its error does not: beyond, 8,000 sets show noise alone


@dataclass(frozen=True)
class BanzhafParams(LearnerParams):
    """Settings of Data Banzhaf."""

    sets: int = param(8_000, label="Random sets", low=10, help="More make the error smaller, as one over the root.")


def _why_not(examples: ExampleTable) -> str:
    count = len(examples.train_rows)
    if count <= _MOST_ROWS:
        return ""
    return f"drowns in sampling error beyond {_MOST_ROWS:,} training rows, here {count:,}"


def _compute(inputs: ScoreInputs, params: BanzhafParams, progress: Progress) -> ScoreResult:
    games = ridge_games(inputs, params, "Data Banzhaf")
    if why := _why_not(inputs.examples):
        raise CurationError(f"Data Banzhaf {why}.", "Use the Banzhaf value of nearest neighbors, which is exact.")
    sampled = sample_halves(
        games.subgames, params.sets, len(games.rows), inputs.rng, progress=progress, title="Data Banzhaf"
    )
    return sampled_result(inputs, games, sampled, {"sets": params.sets})


BANZHAF = ScoreMethod(
    name="banzhaf",
    title="Data Banzhaf",
    summary="Mean gain in held-out fit of a linear classifier over fair random sets.",
    paper=Paper(
        "Wang & Jia",
        2023,
        "Data Banzhaf: A Robust Data Valuation Framework for Machine Learning",
        "https://arxiv.org/abs/2205.15466",
    ),
    params=BanzhafParams,
    group=Group.VALUATION,
    direction=Direction.HELPFUL,
    inspect_first="lowest",
    orientation=orient(find_noise=-1, keep_clean_core=+1, remove_redundant=-1, most_helpful=+1),
    needs=(Signal.EMBEDDING,),
    compute=_compute,
    judged_by_held_out=True,
    range="all reals",
    high_means="Random halves gain from it: helpful.",
    low_means="Random halves lose by it: misleads, probably labeled wrong.",
    cost="8,000 sets x N x d^2 for at most 64 coordinates d, for up to 10,000 training rows.",
    why_not=_why_not,
)
