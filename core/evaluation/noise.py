"""How many labels are wrong: never a model's guess alone, but what a person found in a random sample.

A model's doubts are 1.4 to 4 times too many when it is right on about 60 % of the rows (METHODS: Human label noise), so
they are only shown beside that accuracy. The estimate comes from reviewing random rows of two strata, suspected and
others, each weighted by its size. Its interval joins the strata's Wilson intervals by the square-and-add rule (Zou &
Donner 2008).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.curation import ScoreView, goal_rules, noise_estimate, rank_rows, suspected_share, wilson
from core.types.checks import NoiseRate, Stratum
from core.types.curation import Action, CutKind, Decision, Rules, Side, Threshold
from core.types.errors import RulesError
from core.types.examples import UNLABELED
from core.types.methods import Goal

_LEAST_SUSPECTED = 0.02  # a stratum too thin to sample from would say nothing
_LEAST_REVIEWED = 20  # of the suspected rows, before a cut is suggested


@dataclass(frozen=True, eq=False)
class ReviewSample:
    """suspected, others: rows in the random order in which they are to be reviewed; sizes of the strata."""

    ids: tuple[str, ...]
    suspected: np.ndarray
    others: np.ndarray
    sizes: tuple[int, int]
    order: np.ndarray  # training rows, most suspected first


def review_sample(view: ScoreView, per_stratum: int = 50, seed: int = 0) -> ReviewSample:
    """The same rows for the same run and size; suspected and other rows mixed, so that nothing tells them apart.

    Raises `RulesError` without two scored training rows that have a label.
    """
    rows = np.flatnonzero(view.unlocked(True) & (view.labels != UNLABELED))
    if len(rows) < 2 or not view.scores:
        raise RulesError("There is nothing to sample: no scored training row with a label.", "Score the data first.")
    rank = rank_rows(view, goal_rules(view, Goal.FIND_NOISE.value)).rank
    order = rows[np.argsort(rank[rows], kind="stable")]
    count = max(1, round(max(_LEAST_SUSPECTED, suspected_share(view)) * len(rows)))
    rng = np.random.default_rng([seed, per_stratum])
    suspected = rng.permutation(order[:count])[:per_stratum]
    others = rng.permutation(order[count:])[:per_stratum]
    mixed = rng.permutation(np.concatenate([suspected, others]))
    return ReviewSample(tuple(str(i) for i in view.ids[mixed]), suspected, others, (count, len(rows) - count), order)


def noise_rate(view: ScoreView, decisions: Mapping[str, Decision], per_stratum: int = 50, seed: int = 0) -> NoiseRate:
    """From the answers to the sample: kept = right, relabeled or dropped = wrong; unsure ones are left out.

    Words about its rows that were said elsewhere do not count: a person comes upon those because a rule, a score or a
    map showed them, and the rows so found are no random part of the sample.
    """
    sample = review_sample(view, per_stratum, seed)
    verdicts = [_judged(view, rows, decisions) for rows in (sample.suspected, sample.others)]
    strata = tuple(
        _stratum(name, size, wrong)
        for name, size, (_, wrong) in zip(("suspected", "others"), sample.sizes, verdicts, strict=True)
    )
    guess = noise_estimate(view)
    share, low, high = _stratified(strata)
    cut, cut_text = _cut(sample, verdicts)
    text = _text(strata, share, low, high, guess.text if guess else "") + _unsure(sample, decisions)
    return NoiseRate(
        strata, share, low, high, guess.share if guess else None, guess.accuracy if guess else None, cut, text, cut_text
    )


def cut_rules(view: ScoreView, cut: int) -> Rules:
    """Rules that drop the `cut` most suspected rows, in the order that the sample was drawn from."""
    threshold = Threshold("composite", CutKind.COUNT, Side.ABOVE, float(cut))
    return replace(goal_rules(view, Goal.FIND_NOISE.value), thresholds=(threshold,) if cut else ())


def answer_words(said: Decision | None) -> str:
    """right (kept), wrong (relabeled or dropped) or unsure, when the sample asked; empty for anything else."""
    if said is None or not said.sampled:
        return ""
    return {None: "unsure", Action.KEEP: "right"}.get(said.action, "wrong")


def answers(ids: Sequence[str], decisions: Mapping[str, Decision]) -> dict[str, str]:
    """id -> the answer, for those that have one."""
    return {name: words for name in ids if (words := answer_words(decisions.get(name)))}


def _judged(view: ScoreView, rows: np.ndarray, decisions: Mapping[str, Decision]) -> tuple[np.ndarray, np.ndarray]:
    """(rows that a person judged when the sample asked, whether the label was wrong)."""
    names = [str(name) for name in view.ids[rows]]
    said = answers(names, decisions)
    told = np.array([name in said and said[name] != "unsure" for name in names], bool)
    wrong = [
        said[name] == "wrong" and not _confirmed(view, row, decisions[name])
        for name, row in zip(names, rows.tolist(), strict=True)
        if said.get(name, "unsure") != "unsure"
    ]
    return rows[told], np.array(wrong, bool)


def _confirmed(view: ScoreView, row: int, said: Decision) -> bool:
    """Whether a "new" label is the given one."""
    return said.action is Action.RELABEL and said.label == view.class_names[view.labels[row]]


def _stratum(name: str, size: int, wrong: np.ndarray) -> Stratum:
    low, high = wilson(int(wrong.sum()), len(wrong)) if len(wrong) else (0.0, 1.0)
    return Stratum(name, size, len(wrong), int(wrong.sum()), low, high)


def _stratified(strata: tuple[Stratum, ...]) -> tuple[float | None, float | None, float | None]:
    used = [s for s in strata if s.rows]
    if any(not s.reviewed for s in used):
        return None, None, None
    total = sum(s.rows for s in used)
    weight = np.array([s.rows / total for s in used])
    share = np.array([s.wrong / s.reviewed for s in used])
    below = np.sqrt(((weight * (share - [s.low for s in used])) ** 2).sum())
    above = np.sqrt(((weight * ([s.high for s in used] - share)) ** 2).sum())
    middle = float(weight @ share)
    return middle, max(0.0, middle - float(below)), min(1.0, middle + float(above))


def _cut(sample: ReviewSample, verdicts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[int | None, str]:
    """Where the weighted count of wrong minus right labels above the cut is largest: beyond it, most are right."""
    suspected = len(verdicts[0][0])
    if suspected < _LEAST_REVIEWED or not len(verdicts[1][0]):
        return None, f"A cut is suggested after {_LEAST_REVIEWED} suspected rows ({suspected} so far) and some others."
    place = np.empty(int(sample.order.max()) + 1, np.int64)
    place[sample.order] = np.arange(len(sample.order))
    rows = np.concatenate([v[0] for v in verdicts])
    wrong = np.concatenate([v[1] for v in verdicts])
    counts = [len(v[0]) for v in verdicts]
    weight = np.repeat(np.array(sample.sizes) / counts, counts)
    by_rank = np.argsort(place[rows])
    balance = np.cumsum(np.where(wrong, weight, -weight)[by_rank])
    best = int(np.argmax(balance))
    if balance[best] <= 0:
        return 0, "Drop none: at every rank a reviewed label is at least as often right as wrong."
    inside = by_rank[: best + 1]
    cut = int(place[rows[inside[-1]]]) + 1
    low, high = wilson(int(wrong[inside].sum()), len(inside))
    return cut, (
        f"Suggested cut: the {cut:,} most suspected rows; of {len(inside)} reviewed ones there, "
        f"{wrong[inside].mean():.0%} had a wrong label ({low:.0%} to {high:.0%})."
    )


def _unsure(sample: ReviewSample, decisions: Mapping[str, Decision]) -> str:
    count = list(answers(sample.ids, decisions).values()).count("unsure")
    return f" {count:,} left out as unsure." if count else ""


def _text(strata: tuple[Stratum, ...], share: float | None, low: float | None, high: float | None, guess: str) -> str:
    reviewed = sum(s.reviewed for s in strata)
    if share is None or low is None or high is None:
        return f"Not known: {reviewed} rows of the random sample are answered, both kinds are needed. {guess}".strip()
    return (
        f"{share:.1%} of the labels are wrong ({low:.1%} to {high:.1%}, 95 %), from {reviewed} reviewed rows drawn "
        "at random."
    )
