"""The one path from rules and decisions to the kept set, for screen, command line and export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.types.curation import Decision, Outcome, Rules

from .cuts import Cuts, make_cuts
from .decisions import Manual, read_decisions
from .duplicates import DuplicateChoice, asked_about, choose
from .guardrails import Rescue, rescue
from .ranking import Ranking, rank_rows
from .view import ScoreView
from .warnings import outcome_warnings


def apply_rules(view: ScoreView, rules: Rules, decisions: Mapping[str, Decision] | None = None) -> Outcome:
    """What rules and decisions do to each row. Precedence: lock > manual > duplicates > class floor and cap > rules.

    Raises `RulesError` for rules that do not fit the run. The same arguments always give the same answer.
    """
    ranking = rank_rows(view, rules)
    unlocked = view.unlocked(rules.guardrails.lock_held_out)
    manual = read_decisions(view, decisions or {}, unlocked)
    twins = choose(view, rules, ranking, manual)
    candidates = unlocked.copy()
    candidates[twins.losers] = False
    cuts = make_cuts(view, rules, ranking, candidates)

    by_rule = cuts.dropped & ~manual.kept & ~manual.dropped
    by_rule[twins.losers] = False
    best = twins.best[by_rule[twins.best] & ~cuts.by_other[twins.best]]  # likeness alone never empties a group
    by_rule[best] = False
    gone = by_rule | manual.dropped
    gone[twins.losers] = True
    saved = rescue(view, rules.guardrails, ranking, gone, by_rule)
    gone[saved.floor] = False
    gone[saved.cap] = False
    return _outcome(view, rules, ranking, _Steps(manual, twins, cuts, saved, best, gone, by_rule))


@dataclass(frozen=True, eq=False)
class _Steps:
    """What each step found.

    best: rows that stay for their near-duplicates. gone [N] bool: rows that are dropped in the end. by_rule [N] bool:
    rows that rules alone would drop.
    """

    manual: Manual
    twins: DuplicateChoice
    cuts: Cuts
    saved: Rescue
    best: np.ndarray
    gone: np.ndarray
    by_rule: np.ndarray


def _outcome(view: ScoreView, rules: Rules, ranking: Ranking, steps: _Steps) -> Outcome:
    manual, twins, cuts, saved, gone = steps.manual, steps.twins, steps.cuts, steps.saved, steps.gone
    locked = view.held_out_rows if rules.guardrails.lock_held_out else view.held_out_rows[:0]
    code = steps.by_rule.astype(np.uint8)  # of SOURCES: 1 = rule, 0 = default
    by_hand = np.flatnonzero(manual.kept | manual.dropped)
    spared = twins.spared[~gone[twins.spared]]
    guarded = np.concatenate([steps.best, saved.floor, saved.cap, spared])
    for where, source in ((guarded, 2), (twins.losers, 3), (by_hand, 4), (locked, 5)):
        code[where] = source
    marks = {
        "held_out": locked,
        "manual_keep": by_hand[(manual.kept & ~manual.relabeled)[by_hand]],
        "manual_drop": by_hand[manual.dropped[by_hand]],
        "manual_relabel": by_hand[manual.relabeled[by_hand]],
        "duplicate": twins.losers,
        "duplicate_best": steps.best,
        "class_cap": saved.cap,
        "class_floor": np.concatenate([saved.floor, spared]),
    }
    for reason, rows in marks.items():
        cuts.bits[rows] |= cuts.bit(reason)
    duplicate_of = np.broadcast_to(np.int32(-1), len(view))
    if len(twins.losers):
        duplicate_of = duplicate_of.copy()
        duplicate_of[twins.losers] = twins.standing_in
    outcome = Outcome(
        kept=~gone,
        source_code=code,
        reason_bits=cuts.bits,
        reason_names=tuple(cuts.codes),
        duplicate_of=duplicate_of,
        composite=ranking.composite,
        order=ranking.order,
        threshold=cuts.threshold,
        margin=cuts.margin,
        label_final=manual.labels,
        lost=saved.lost,
        class_cut=saved.cut,
        coverage=ranking.coverage,
        near_duplicates=asked_about(view, rules.guardrails),
    )
    return _with_warnings(view, rules, outcome, manual)


def _with_warnings(view: ScoreView, rules: Rules, outcome: Outcome, manual: Manual) -> Outcome:
    object.__setattr__(outcome, "warnings", outcome_warnings(view, rules, outcome, manual))
    return outcome
