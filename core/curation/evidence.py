"""What scores together say about a row: hard or mislabeled, a better label, and how many labels are in doubt."""

from __future__ import annotations

import numpy as np

from core.composite import combine, normalise
from core.types.checks import NoiseEstimate
from core.types.curation import Rules, Zone
from core.types.methods import Direction, Goal, Group

from .ranking import orientation, score_groups
from .view import ScoreView

ZONES = tuple(Zone)
_SUSPECT_SHARE = 0.10  # the tenth of the rows with the weakest label evidence is where a person should look first
# Conventions, not measured: the hardest quarter, and the quarter most like another row, as `zones` words them.
_HARD_SHARE = 0.25
_TWIN_SHARE = 0.25
_ROUNDING = 1e-6  # as in cleanlab: a probability equal to the threshold must not fail it by its last bit


def label_evidence(view: ScoreView) -> np.ndarray:
    """[N] float32 in -0.5..0.5: rank of the evidence for the label (AUM, label quality, KNN-Shapley); high = clean.

    Any score that bears on noise is used where those are missing; NaN where none is.
    """

    def build() -> np.ndarray:
        signs = orientation(view, Goal.FIND_NOISE.value)
        noise = [name for name, sign in signs.items() if sign]
        direct = [n for n in noise if view.scores[n].direction in (Direction.TYPICAL.value, Direction.HELPFUL.value)]
        return _rank_of(view, {n: -signs[n] for n in direct or noise})

    return view.remember(("label_evidence",), build)


def difficulty(view: ScoreView) -> np.ndarray:
    """[N] float32 in (-0.5, 0.5]: rank of how hard the row is, from the group DIFFICULTY where there is one."""

    def build() -> np.ndarray:
        signs = orientation(view, Goal.KEEP_HARD.value)
        hard = [name for name, sign in signs.items() if sign > 0]
        own = [n for n in hard if view.scores[n].group == Group.DIFFICULTY.value]
        return _rank_of(view, {n: 1 for n in own or hard})

    return view.remember(("difficulty",), build)


def _rank_of(view: ScoreView, signs: dict[str, int]) -> np.ndarray:
    if not signs:
        return np.full(len(view), np.nan, np.float32)
    terms = view.terms()
    mean = combine(terms, signs, score_groups(view), Rules()).values
    return normalise(mean, "rank", None, view.unlocked(True))


def zones(view: ScoreView) -> np.ndarray:
    """[N] uint8 index into `ZONES` (METHODS: The composite, step 5: noise against hardness is never one number).

    likely_mislabeled: weakest tenth of label evidence and at least median difficulty. hard_useful: hardest quarter of
    the rest. redundant: easier half, label evidence at least median, and among the quarter most like another row.
    typical: all others.
    """
    return view.remember(("zones",), lambda: _zones(view))


def _zones(view: ScoreView) -> np.ndarray:
    """Index into `ZONES` of each row."""
    hard, clean = difficulty(view), label_evidence(view)
    twin = _redundancy(view)
    code = np.zeros(len(view), np.uint8)
    with np.errstate(invalid="ignore"):
        code[(hard < 0) & (clean >= 0) & (twin >= 0.5 - _TWIN_SHARE)] = ZONES.index(Zone.REDUNDANT)
        code[hard >= 0.5 - _HARD_SHARE] = ZONES.index(Zone.HARD_USEFUL)
        code[(clean < _SUSPECT_SHARE - 0.5) & ~(hard < 0)] = ZONES.index(Zone.LIKELY_MISLABELED)
    return code


def _redundancy(view: ScoreView) -> np.ndarray:
    names = [n for n, c in view.scores.items() if c.direction == Direction.REDUNDANT.value]
    return _rank_of(view, {n: 1 for n in names})


def label_suggested(view: ScoreView) -> np.ndarray:
    """[N] int64 class that a model which did not see the row prefers to the label with confidence, else -1.

    Confident: at least the mean probability of the rows where that class was predicted and given, a stricter form of
    the class threshold of confident learning (Northcutt 2021). -1 everywhere with in-sample predictions.
    """
    return view.remember(("label_suggested",), lambda: _suggested(view))


def _suggested(view: ScoreView) -> np.ndarray:
    """The confident class of each row, or -1."""
    out = np.full(len(view), -1, np.int64)
    if view.predicted is None or view.predicted_prob is None or view.predicted_how != "out_of_fold":
        return out
    guess, sure = view.predicted, view.predicted_prob.astype(np.float64)
    agree = (guess == view.labels) & (guess >= 0)
    count = np.bincount(guess[agree], minlength=len(view.class_names))
    total = np.bincount(guess[agree], sure[agree], minlength=len(view.class_names))
    needed = np.divide(total, count, out=np.ones(len(count)), where=count > 0)
    bold = (guess >= 0) & (guess != view.labels) & (sure >= needed[np.maximum(guess, 0)] - _ROUNDING)
    out[bold] = guess[bold]
    return out


def noise_estimate(view: ScoreView) -> NoiseEstimate | None:
    """None without out-of-fold predictions: in-sample ones hide what was memorized."""
    if view.predicted is None or view.predicted_how != "out_of_fold":
        return None
    rows = np.flatnonzero(view.unlocked(True) & (view.labels >= 0) & (view.predicted >= 0))
    if len(rows) == 0:
        return None
    doubted = int(((label_suggested(view) >= 0)[rows]).sum())
    accuracy = float((view.predicted[rows] == view.labels[rows]).mean())
    low, high = wilson(doubted, len(rows))
    return NoiseEstimate(doubted / len(rows), low, high, len(rows), accuracy)


def wilson(hits: float, n: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """95 % score interval of a share (Wilson 1927).

    `scipy.stats.binomtest` has it for whole hits only (a tie at a border counts as a part of one), and its last digits
    are others than those that manifests carry.
    """
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
    return max(0.0, middle - half), min(1.0, middle + half)
