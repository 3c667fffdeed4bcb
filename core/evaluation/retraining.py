"""Prune and retrain: does what a rule keeps train better than random rows of the same size and classes?

At several sizes, three arms with paired seeds and EQUAL optimizer steps: the rule's kept set, random rows matched to
it in size and class (another draw per seed), and all training rows. Accuracy is that of the last step on held-out
rows, never the best one seen. The verdict is drawn at the size that the rule itself keeps, from the interval of the
paired difference; the other sizes show the trend. Everything finished is kept per (arm, size, seed): a check that was
stopped goes on. Published runs of such comparisons often find random as good (METHODS: Prune and retrain): that is an
answer, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from core.store.atomic import read_json, write_json
from core.types.checks import ArmPoint, CheckResult, Comparison, SmallestSubset, Verdict
from core.types.errors import CurationError, RunError
from core.types.progress import Progress

from .arms import Arms, KeptSet, WeighedSet, matched_random
from .intervals import Estimate, over_seeds, paired, verdict
from .learners import Learner

LEAST_SEEDS = 3  # of two, the t distribution makes an interval 12.7 standard errors wide on each side
POINT = 0.01  # "within one point of full accuracy"
CONFIDENT = 0.95  # of a claim on one side, as sure as the intervals
_NOTHING_LEARNT = (
    "Trained on all data, this model is hardly better than always saying the most frequent class: it "
    "can tell no subset from another. Give it more epochs, or use the other mode."
)


@dataclass(frozen=True, eq=False)
class Asked:
    """The identity of a check: what its result says about itself."""

    key: str
    number: int
    mode: str
    rules: dict[str, Any]
    decisions_sha256: str
    class_names: tuple[str, ...]
    seeds: int = LEAST_SEEDS
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Trained:
    """Right or wrong [S, V] of one arm at one size."""

    arm: str
    fraction: float
    rows: int
    right: np.ndarray


def retrain(arms: Arms, learner: Learner, question: Asked, pieces: Path, progress: Progress) -> CheckResult:
    """Train every arm at every size with every seed, and compare. Goes on from the finished `pieces` of an earlier try.

    Raises `CurationError` for fewer than three seeds, `Cancelled` between two steps.
    """
    if question.seeds < LEAST_SEEDS:
        raise CurationError(
            f"{question.seeds} seeds give no interval worth the name.", f"Ask for {LEAST_SEEDS} or more."
        )
    trainings = question.seeds * (2 * len(arms.kept) + 1 + (arms.weighed is not None))
    progress.stage(f"Check: {trainings} trainings", trainings * (learner.steps or 1))
    truth = arms.given[arms.held_out.rows]
    full = _train_arm("all", arms, None, learner, question, pieces, progress)
    pairs = [
        (
            kept_set,
            _train_arm("rule", arms, kept_set, learner, question, pieces, progress),
            _train_arm("random", arms, kept_set, learner, question, pieces, progress),
        )
        for kept_set in arms.kept
    ]
    compared = [c for kept_set, rule, random in pairs for c in _compare(kept_set, rule, random, full)]
    weighed = _weighed(arms, pairs, full, learner, question, pieces, progress)
    learnt = float(full.right.mean()) > np.bincount(truth).max() / len(truth) + POINT
    points = [_point(t, truth, question.class_names) for _, rule, random in pairs for t in (rule, random)]
    return CheckResult(
        key=question.key,
        number=question.number,
        mode=question.mode,
        learner=learner.name,
        steps=learner.steps,
        seeds=question.seeds,
        candidates=len(arms.candidates),
        held_out=len(truth),
        held_out_is=arms.held_out.words,
        class_names=question.class_names,
        rules=question.rules,
        decisions_sha256=question.decisions_sha256,
        points=(*points, *weighed.points, _point(full, truth, question.class_names)),
        comparisons=(*compared, *weighed.comparisons),
        smallest=smallest_subset(
            [(rule.fraction, rule.rows, paired(rule.right, full.right)) for _, rule, _ in pairs], learnt
        ),
        verdict=_sentence(compared, question.seeds, len(truth)),
        notes=arms.notes if learnt else (*arms.notes, _NOTHING_LEARNT),
        weight=arms.weighed.name if arms.weighed else "",
        weighed=weighed.sentence,
    )


@dataclass(frozen=True, eq=False)
class _Weighed:
    """What weights did: nothing where none were asked."""

    points: tuple[ArmPoint, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    sentence: str = ""


def _weighed(
    arms: Arms,
    pairs: list[tuple[KeptSet, Trained, Trained]],
    full: Trained,
    learner: Learner,
    question: Asked,
    pieces: Path,
    progress: Progress,
) -> _Weighed:
    """The rule's own rows trained with weights, against the same rows without."""
    if arms.weighed is None:
        return _Weighed()
    kept_set = arms.weighed.kept
    alike = next((rule for one, rule, _ in pairs if one.own), full)  # a rule that drops nothing keeps all rows
    trained = _train_arm("weighted", arms, kept_set, learner, question, pieces, progress)
    point = _point(trained, arms.given[arms.held_out.rows], question.class_names)
    difference = paired(alike.right, trained.right)
    said = verdict(difference.low, difference.high)
    compared = Comparison(
        "weighted", kept_set.fraction, trained.rows, difference.mean, difference.low, difference.high, said
    )
    return _Weighed((point,), (compared,), _weighed_sentence(arms.weighed, compared))


def _weighed_sentence(weighed: WeighedSet, without: Comparison) -> str:
    """The comparison the other way around: with weights minus without."""
    said = {Verdict.BETTER: Verdict.WORSE, Verdict.WORSE: Verdict.BETTER}.get(without.verdict, without.verdict)
    return (
        f"Weighted by {weighed.name}, the same {without.rows:,} rows train {said} without weights: "
        f"{-100 * without.difference:+.1f} points of accuracy ({-100 * without.high:+.1f} to "
        f"{-100 * without.low:+.1f}, 95 %)."
    )


def _train_arm(
    arm: str, arms: Arms, kept_set: KeptSet | None, learner: Learner, question: Asked, pieces: Path, progress: Progress
) -> Trained:
    truth = arms.given[arms.held_out.rows]
    right = []
    size = len(arms.candidates) if kept_set is None else len(kept_set.rows)
    for number in range(question.seeds):
        seed = 1000 * question.seed + number  # the same for every arm: batches and first weights are paired
        rows, labels = _rows_of(arm, arms, kept_set, seed)
        path = pieces / f"{arm}-{size}{'-own' if kept_set and kept_set.own else ''}-{number}.json"
        if (done := _finished(path, len(truth))) is not None:
            progress.advance(learner.steps or 1)
        else:
            weights = arms.weighed.weights if arms.weighed and arm == "weighted" else None
            how = {} if weights is None else {"weights": weights}
            done = learner.predict(rows, labels, seed, progress, **how) == truth
            write_json(path, {"rows": len(rows), "right": np.packbits(done).tobytes().hex()})
            if learner.steps is None:
                progress.advance()
        right.append(done)
    return Trained(arm, size / len(arms.candidates), size, np.array(right))


def _rows_of(arm: str, arms: Arms, kept_set: KeptSet | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    if kept_set is None:
        return arms.candidates, arms.given
    if arm == "random":
        return matched_random(arms, kept_set, seed), arms.given
    return kept_set.rows, kept_set.labels


class _Piece(TypedDict):
    right: str


def _finished(path: Path, count: int) -> np.ndarray | None:
    if not path.is_file():
        return None
    try:
        bits = np.frombuffer(bytes.fromhex(read_json(path, _Piece)["right"]), np.uint8)
        return np.unpackbits(bits, count=count).astype(bool)
    except (RunError, ValueError):  # cut or edited: this training is done again
        return None


def _compare(kept_set: KeptSet, rule: Trained, random: Trained, full: Trained) -> Iterator[Comparison]:
    for other in (random, full):
        difference = paired(rule.right, other.right)
        yield Comparison(
            other.arm,
            rule.fraction,
            rule.rows,
            difference.mean,
            difference.low,
            difference.high,
            verdict(difference.low, difference.high),
            kept_set.own,
        )


def _point(trained: Trained, truth: np.ndarray, names: tuple[str, ...]) -> ArmPoint:
    accuracies = trained.right.mean(1)
    band = over_seeds(accuracies)
    present = np.unique(truth)
    by_class = [float(trained.right[:, truth == c].mean()) for c in present]
    worst = int(np.argmin(by_class))
    return ArmPoint(
        trained.arm,
        trained.fraction,
        trained.rows,
        tuple(accuracies.tolist()),
        band.mean,
        max(0.0, band.low),
        min(1.0, band.high),
        names[present[worst]],
        by_class[worst],
    )


def smallest_subset(against_full: list[tuple[float, int, Estimate]], learnt: bool = True) -> SmallestSubset:
    """From (fraction, rows, accuracy minus all data's): the smallest that is, with 95 % confidence, within a point.

    learnt: whether all data beats the most frequent class; what has learnt nothing is easily matched.
    """
    if not learnt:
        return SmallestSubset(None, 0, 0.0, f"Not shown: {_NOTHING_LEARNT[0].lower()}{_NOTHING_LEARNT[1:]}")
    by_size = sorted(against_full, key=lambda entry: entry[0])
    shown = next(((f, n, e) for f, n, e in by_size if e.above(-POINT) >= CONFIDENT), None)
    if shown is not None:
        fraction, rows, estimate = shown
        sure = estimate.above(-POINT)
        return SmallestSubset(
            fraction,
            rows,
            sure,
            f"{rows:,} rows ({fraction:.0%}) are within one point of all "
            f"data's accuracy (confidence {min(sure, 0.999):.1%}).",
        )
    fraction, rows, estimate = max(by_size, key=lambda entry: entry[2].above(-POINT))
    sure = estimate.above(-POINT)
    return SmallestSubset(
        None,
        0,
        sure,
        f"Not shown: of the sizes tried, {rows:,} rows ({fraction:.0%}) come closest "
        f"to being within one point of all data's accuracy (confidence {sure:.0%}; 95 % are needed).",
    )


def _sentence(compared: list[Comparison], seeds: int, held_out: int) -> str:
    own = next((c for c in compared if c.own and c.against == "random"), None)
    if own is None:
        return "The rule drops nothing by itself: no verdict, only the trend over the other sizes."
    return (
        f"Keeping {own.rows:,} rows ({own.fraction:.1%}), the rule is {own.verdict} random: "
        f"{100 * own.difference:+.1f} points of accuracy ({100 * own.low:+.1f} to {100 * own.high:+.1f}, 95 %, "
        f"{seeds} seeds, {held_out:,} held-out rows)."
    )
