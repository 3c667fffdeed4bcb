"""Which rows a person should look at first, and how far they have come."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.composite import Terms
from core.types.curation import Decision, Outcome, Rules, Source
from core.types.review import QUEUE, ReviewQueue

from .apply import apply_rules
from .ranking import goal_of, orientation, score_groups
from .risk import flip_risk
from .view import ScoreView

_NEAR = 0.05  # at this share of a cut's rows from it, nearness has fallen to 1 / e
_FLOOR = 0.1  # no single factor silences the other two


def review_queue(view: ScoreView, rules: Rules) -> ReviewQueue:
    """Rows by decision value: nearness x (0.1 + 0.9 disagreement) x (0.1 + 0.9 flip).

    nearness: exp(-q / 0.05), q = share of the rows under the same cut that lie closer to it;
    disagreement: spread (standard deviation) of the groups' mean ranks, oriented to the goal, over its largest
    possible value 0.5; 1 where fewer than two groups speak;
    flip: 2 x flip risk over seeds; where it is unknown the median of the known ones, 1 when none is known.

    It follows from scores and rules alone, not from decisions: the queue stays where it is while a person works on it.
    """
    outcome = apply_rules(view, rules)
    near = _nearness(view, rules, outcome)
    value = near * _softened(_disagreement(view, rules)) * _softened(_flip(view, rules, outcome))
    rows = np.flatnonzero(np.isfinite(value))
    order = rows[np.lexsort((view.id_rank[rows], -value[rows]))]
    return ReviewQueue(order, value.astype(np.float32))


def reviewed_of(
    view: ScoreView, queue: ReviewQueue, decisions: Mapping[str, Decision], size: int = QUEUE
) -> tuple[int, int, int | None]:
    """(rows of the sitting that were reviewed, rows of the sitting, the first row that was not; None = all done)."""
    sitting = queue.order[:size]
    waiting = [int(row) for row in sitting if not is_reviewed(view, decisions, int(row))]
    return len(sitting) - len(waiting), len(sitting), waiting[0] if waiting else None


def is_reviewed(view: ScoreView, decisions: Mapping[str, Decision], row: int) -> bool:
    """Whether a person marked the row as looked at."""
    said = decisions.get(str(view.ids[row]))
    return said is not None and said.reviewed


def _softened(factor: np.ndarray) -> np.ndarray:
    return _FLOOR + (1 - _FLOOR) * factor


def _nearness(view: ScoreView, rules: Rules, outcome: Outcome) -> np.ndarray:
    """[N] in (0, 1], per cut because cuts have units of their own; NaN where no cut decides: locked rows and copies."""
    out = np.full(len(view), np.nan)
    decided = np.isfinite(outcome.margin) & ~outcome.came_from(Source.DUPLICATE)
    rows = np.flatnonzero(decided & view.unlocked(rules.guardrails.lock_held_out))
    if not len(rows):
        return out
    distance, cut = np.abs(outcome.margin[rows]), outcome.threshold[rows]
    order = np.lexsort((distance, cut))
    starts = np.flatnonzero(np.concatenate(([True], cut[order][1:] != cut[order][:-1])))
    sizes = np.diff(np.append(starts, len(rows)))
    place = np.arange(len(rows)) - np.repeat(starts, sizes)
    out[rows[order]] = np.exp(-place / np.repeat(sizes, sizes) / _NEAR)
    return out


def _disagreement(view: ScoreView, rules: Rules) -> np.ndarray:
    signs, groups = orientation(view, goal_of(rules)), score_groups(view)
    terms = view.terms("rank", rules.within_class, rules.guardrails.lock_held_out)
    speaking = [g for g in dict.fromkeys(groups.values()) if rules.group_weights.get(g, 1.0) > 0]
    means = [
        _group_mean(
            terms, {n: s for n, s in signs.items() if s and groups[n] == g and rules.score_weights.get(n, 1.0) > 0}
        )
        for g in speaking
    ]
    table = np.array([m for m in means if m is not None]).reshape(-1, len(view))
    there = np.isfinite(table)
    count = there.sum(axis=0)
    middle = np.where(there, table, 0).sum(axis=0) / np.maximum(count, 1)
    spread = np.sqrt((np.where(there, table - middle, 0) ** 2).sum(axis=0) / np.maximum(count, 1))
    return np.where(count > 1, np.minimum(spread / 0.5, 1.0), 1.0)


def _group_mean(terms: Terms, signs: Mapping[str, int]) -> np.ndarray | None:
    """[N] mean oriented rank over the scores of a group that a row has, NaN where it has none."""
    if not signs:
        return None
    total, count = np.zeros(terms.rows), np.zeros(terms.rows)
    for k, name in enumerate(terms.names):
        if name in signs:
            total += signs[name] * terms.matrix[k]  # absent scores hold 0
            count += terms.present(k)
    return np.divide(total, count, out=np.full(terms.rows, np.nan), where=count > 0)


def _flip(view: ScoreView, rules: Rules, outcome: Outcome) -> np.ndarray:
    risk = 2.0 * flip_risk(view, rules, outcome).astype(np.float64)
    known = np.isfinite(risk)
    return np.where(known, risk, np.median(risk[known])) if known.any() else np.ones(len(view))
