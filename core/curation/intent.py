"""What rules ask for against what becomes of the rows: a share that guardrails change, rules that do nothing or all."""

from __future__ import annotations

import numpy as np

from core.selection import strategy_named
from core.types.curation import Outcome, Rules
from core.types.errors import RulesError

from .reasons import REASONS
from .view import ScoreView

# In the order of the sentence: rows held although the rules would drop them, then rows that go although they would not.
_HELD = {
    "class_floor": "held by the floor of their class",
    "class_cap": "held by the cap of their class",
    "duplicate_best": "held to stand for their near-duplicates",
    "manual_keep": "kept by a person",
    "manual_relabel": "relabeled by a person",
}
_GONE = {"duplicate": "gone as duplicates", "manual_drop": "dropped by a person"}


def questions(view: ScoreView, rules: Rules, outcome: Outcome) -> tuple[str, ...]:
    """What a person should confirm before such rules are acted on: that they keep nothing, or everything."""
    unlocked = view.unlocked(rules.guardrails.lock_held_out)
    aimed, total, staying = _aimed(outcome), int(unlocked.sum()), int((outcome.kept & unlocked).sum())
    gone = int((~outcome.kept & unlocked).sum())
    if staying == 0:
        return (f"None of the {total:,} rows that rules may drop is kept.",)
    if aimed.any() and (aimed | ~outcome.kept)[unlocked].all():
        return (
            f"The rules keep nothing: all {total:,} rows that they may drop would go, but for {staying:,} that "
            "guardrails or a person hold.",
        )
    asked_for_all = strategy_named(rules.strategy).uses_fraction
    unchanged = outcome.kept.all() and np.array_equal(outcome.label_final, view.labels)
    if not aimed.any() and (asked_for_all or unchanged):
        besides = f"; {gone:,} go as duplicates or because a person dropped them" if gone else ""
        return (f"The rules keep everything: none of the {total:,} rows that they may drop goes{besides}.",)
    return ()


def refuse_without_order(rules: Rules, outcome: Outcome) -> None:
    """Raise `RulesError` where a share is asked for by an order that no score of the run gives."""
    if strategy_named(rules.strategy).needs_composite and not np.isfinite(outcome.composite).any():
        raise RulesError(
            f"No weighted score of this run serves the goal {rules.goal}: there is no composite to keep the best by.",
            "Take a preset that covers the data (coverage_third, remove_redundant), or `label-next` for a pool.",
        )


def _aimed(outcome: Outcome) -> np.ndarray:
    """[N] bool: rows that a threshold or the strategy speaks against, whatever became of them."""
    bits = [1 << bit for bit, name in enumerate(outcome.reason_names) if name not in REASONS]
    return (outcome.reason_bits & outcome.reason_bits.dtype.type(sum(bits))) != 0


def share_words(view: ScoreView, rules: Rules, outcome: Outcome) -> str | None:
    """Why another share is kept than a strategy was asked for; None where it is that share of all rows."""
    if not strategy_named(rules.strategy).uses_fraction or "keep_fraction" not in rules.strategy_params:
        return None
    unlocked, fraction = view.unlocked(rules.guardrails.lock_held_out), float(rules.strategy_params["keep_fraction"])
    base, kept = int(unlocked.sum()), int(outcome.kept.sum())
    if kept == round(fraction * len(view)):
        return None
    locked = len(view) - base
    target, left = round(fraction * base), int((outcome.kept & unlocked).sum())
    aimed, locked = unlocked & _aimed(outcome), len(view) - base
    codes, side = (_HELD, aimed) if left > target else (_GONE, unlocked & ~aimed) if left < target else ({}, aimed)
    parts = [
        f"{count:,} {words}" for code, words in codes.items() if (count := int((side & _marked(outcome, code)).sum()))
    ]
    parts += [f"all {locked:,} held-out rows stay"] if locked else []
    return (
        f"Asked to keep {fraction:.1%} of {base:,} rows ({target:,}); {kept:,} of all {len(view):,} "
        f"({kept / len(view):.0%}) are kept: {', '.join(parts) or 'the strategy comes no nearer'}."
    )


def _marked(outcome: Outcome, code: str) -> np.ndarray:
    """[N] bool: rows with this reason."""
    bit = outcome.reason_names.index(code) if code in outcome.reason_names else None
    return np.zeros(1, bool) if bit is None else (outcome.reason_bits >> outcome.reason_bits.dtype.type(bit) & 1) != 0
