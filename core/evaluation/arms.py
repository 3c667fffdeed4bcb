"""Which rows each arm of a check trains on: the rule's kept sets, random ones that match them, and all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.curation import ScoreView, apply_rules, keep_fraction_rules
from core.scores import score_named
from core.types.curation import Decision, Outcome, Rules
from core.types.errors import RulesError
from core.types.examples import UNLABELED, Split
from core.types.methods import Group

_USUAL_FRACTIONS = (0.8, 0.6, 0.4, 0.2, 0.9, 0.1)  # even steps; the ends fill up where one lies near the rule's own
_USUAL_COUNT = 5  # points make a curve, and each costs two trainings per seed
_SAME_SIZE = 0.04  # fractions closer than this tell nothing apart
_SMALLEST_SPLIT = 10  # rows; of fewer, each is more than ten points of accuracy
_SET_ASIDE_FOLDS = 5  # a fifth of the training rows


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Rows to measure accuracy on, the view in which they are locked, and a sentence on where they come from."""

    rows: np.ndarray
    view: ScoreView
    words: str
    set_aside: bool = False


@dataclass(frozen=True, eq=False)
class KeptSet:
    """What the rule keeps at one size: `rows` of the candidates; `own`: the rule as it is, not at a wanted fraction."""

    fraction: float
    rows: np.ndarray
    labels: np.ndarray  # [N] labels that this arm trains with: a person's corrections are part of the rule
    own: bool = False


@dataclass(frozen=True, eq=False)
class WeighedSet:
    """What the rule itself keeps once more, with weights for training [N], mean 1 over those rows and 0 elsewhere."""

    name: str
    kept: KeptSet
    weights: np.ndarray


@dataclass(frozen=True, eq=False)
class Weigher:
    """A weight for training by its name, and what makes it: (view, outcome) -> [N]."""

    name: str
    weigh: Callable[[ScoreView, Outcome], np.ndarray]


@dataclass(frozen=True, eq=False)
class Arms:
    """candidates: labeled training rows, ascending; given: [N] labels as given; kept: from large to small.

    weighed: the rule's own rows with weights, where that was asked.
    """

    candidates: np.ndarray
    given: np.ndarray
    kept: tuple[KeptSet, ...]
    held_out: HeldOut
    notes: tuple[str, ...]
    weighed: WeighedSet | None = None


def held_out_rows(view: ScoreView, set_aside: Sequence[int] | np.ndarray | None = None) -> HeldOut:
    """The test split where scores have looked at `valid` only, else the split there is, else the rows `set_aside`.

    Rows set aside are locked in the view that comes back: the rule's ranks and cuts do not know them. Raises
    `RulesError` when there are none of the three.
    """
    labeled = view.labels != UNLABELED
    splits = np.asarray(view.splits).astype(str)
    for split in (Split.TEST, Split.VALID):
        rows = np.flatnonzero((splits == split.value) & labeled)
        if len(rows) >= _SMALLEST_SPLIT:
            return HeldOut(rows, view, f"the {split.value} split ({len(rows):,} rows)")
    if set_aside is None or not len(set_aside):
        raise RulesError("There are no held-out rows to measure accuracy on.", "Mark some rows as a test split.")
    rows = np.asarray(set_aside, np.int64)
    locked = splits.astype(object)
    locked[rows] = Split.TEST.value
    words = (
        f"no held-out split: a stratified part of the training rows ({len(rows):,}) is set aside for this check; "
        "neither the rule's cut nor any training here sees it, but the run's scores were made with it"
    )
    return HeldOut(rows, replace(view, splits=locked.astype(str)), words, True)


def set_aside_rows(labels: np.ndarray, units: np.ndarray, candidates: np.ndarray, seed: int) -> np.ndarray:
    """A fifth of `candidates`, stratified by label; rows of one unit [N] (group, exact duplicates) stay together."""
    rng = np.random.default_rng([seed, 77])
    _, first, unit = np.unique(units[candidates], return_index=True, return_inverse=True)
    label_of = labels[candidates[first]]
    chosen = np.zeros(len(first), bool)
    for label in np.unique(label_of):
        members = rng.permutation(np.flatnonzero(label_of == label))
        chosen[members[: round(len(members) / _SET_ASIDE_FOLDS)]] = True
    return candidates[chosen[unit]]


def make_arms(
    view: ScoreView,
    rules: Rules,
    decisions: Mapping[str, Decision],
    held_out: HeldOut,
    fractions: Sequence[float] = (),
    weigher: Weigher | None = None,
) -> Arms:
    """The rule's kept sets: at its own size, and at each of `fractions` (default: four that differ from its own).

    weigher: the rule's own rows are trained on once more with these weights. Rows without a given label take no part:
    nothing could be matched to them. Raises `RulesError` for fractions outside 0..1 and for a rule that leaves fewer
    than two classes.
    """
    seen = held_out.view
    candidates = np.flatnonzero(~seen.held_out & (seen.labels != UNLABELED))
    own = _kept_set(seen, rules, decisions, candidates, own=True)
    sets = [own] if len(own.rows) < len(candidates) or (own.labels != seen.labels)[candidates].any() else []
    for fraction in fractions or _usual_fractions(own.fraction):
        if not 0.0 < fraction < 1.0:
            raise RulesError(f"The fraction {fraction} is not between 0 and 1.", "Give shares to keep: 0.8,0.5.")
        kept_set = _kept_set(seen, keep_fraction_rules(rules, fraction), decisions, candidates)
        if all(abs(kept_set.fraction - s.fraction) > 1e-9 for s in sets) and kept_set.fraction < 1.0:
            sets.append(kept_set)
    if not sets:
        raise RulesError("The rule drops nothing at any size: there is nothing to check.", "Choose a cut first.")
    notes = _notes(seen, rules, own, held_out, len(candidates))
    weighed = None
    if weigher is not None:
        weighed = WeighedSet(weigher.name, own, weigher.weigh(seen, apply_rules(seen, rules, decisions)))
    return Arms(candidates, seen.labels, tuple(sorted(sets, key=lambda s: -s.fraction)), held_out, notes, weighed)


def _kept_set(
    view: ScoreView, rules: Rules, decisions: Mapping[str, Decision], candidates: np.ndarray, own: bool = False
) -> KeptSet:
    outcome = apply_rules(view, rules, decisions)
    rows = candidates[outcome.kept[candidates]]
    if len(np.unique(outcome.label_final[rows])) < 2:
        raise RulesError(f"The rule leaves {len(rows)} rows of fewer than two classes.", "Nothing can learn from it.")
    return KeptSet(len(rows) / len(candidates), rows, outcome.label_final, own)


def _usual_fractions(own: float) -> tuple[float, ...]:
    apart = [f for f in _USUAL_FRACTIONS if abs(f - own) >= _SAME_SIZE]
    return tuple(apart[: _USUAL_COUNT - 1])


def matched_random(arms: Arms, kept: KeptSet, seed: int) -> np.ndarray:
    """Random candidates, ascending: as many of each given class as the rule keeps. Another draw for every seed."""
    rng = np.random.default_rng([seed, round(kept.fraction * 1e9)])
    labels = arms.given[kept.rows]
    parts = []
    for label, count in zip(*np.unique(labels, return_counts=True), strict=True):
        pool = arms.candidates[arms.given[arms.candidates] == label]
        parts.append(rng.choice(pool, count, replace=False))
    return np.sort(np.concatenate(parts))


def _counts(view: ScoreView, rules: Rules, name: str) -> bool:
    """Whether a score has a say in these rules, by its weight or by a cut of its own."""
    weight = rules.score_weights.get(name, 1.0) * rules.group_weights.get(view.scores[name].group, 1.0)
    return any(cut.score == name for cut in rules.thresholds) or (
        weight > 0 and view.scores[name].orientation.get(rules.goal, 0) != 0
    )


def _is_judged_by_held_out(view: ScoreView, name: str) -> bool:
    return view.scores[name].group != Group.OWN and score_named(name).judged_by_held_out


def _notes(view: ScoreView, rules: Rules, own: KeptSet, held_out: HeldOut, total: int) -> tuple[str, ...]:
    lines = [
        "Accuracy is agreement with the held-out labels as they are given. The band of an arm is over seeds "
        "alone; the interval of a difference also holds the chance in which rows were held out."
    ]
    relabeled = int((own.labels != view.labels)[own.rows].sum())
    if relabeled:
        lines.append(f"The rule trains on {relabeled:,} labels corrected by a person; the other arms do not.")
    if len(own.rows) == total and not relabeled:
        lines.append("The rule drops nothing: only the other sizes are compared.")
    unlabeled = int((~view.held_out & (view.labels == UNLABELED)).sum())
    if unlabeled:
        lines.append(f"{unlabeled:,} training rows without a label take no part.")
    targeted = [name for name in view.scores if _is_judged_by_held_out(view, name) and _counts(view, rules, name)]
    both = set(np.unique(view.splits).tolist()) >= {Split.VALID.value, Split.TEST.value}
    if targeted and not held_out.set_aside and not both:
        lines.append(
            f"{', '.join(targeted)} read the labels of these held-out rows: the rule may look too good. "
            "Weight 0 for them, or a split of their own, would tell."
        )
    return tuple(lines)
