"""What a decision did, in words: how many rows it moved, were there already, are locked; which classes it emptied."""

from __future__ import annotations

import numpy as np

from core.types.curation import Action, Outcome, Rules, Step

from .view import ScoreView
from .warnings import emptied_classes

_NEWLY: dict[Action | None, str] = {
    Action.KEEP: "newly kept",
    Action.DROP: "newly dropped",
    Action.RELABEL: "relabeled {label}",
    Action.CLEAR: "back to the rules",
}
_ALREADY: dict[Action | None, str] = {Action.CLEAR: "had no decision"}


def decision_words(view: ScoreView, rules: Rules, step: Step) -> str:
    """`100 newly dropped · 5 already · 22 held out, locked`; of a single row its id instead of a count.

    Other rows that follow are counted, too: near-duplicates that stand in for these, or no longer need to go.
    """
    free = view.unlocked(rules.guardrails.lock_held_out)[step.rows]
    if len(step.rows) == 1:
        return _of_one(str(view.ids[step.rows[0]]), bool(free[0]), step) + _others(step)
    moved = free & _moved(view, step)
    counts = (
        (int(moved.sum()), _NEWLY[step.change.action].format(label=step.change.label)),
        (int((free & ~moved).sum()), _ALREADY.get(step.change.action, "already")),
        (int((~free).sum()), "held out, locked"),
    )
    said = [f"{count:,} {words}" for at, (count, words) in enumerate(counts) if count or at == 0]
    return "Saved: " + " · ".join(said) + _others(step)


def _of_one(name: str, free: bool, step: Step) -> str:
    if not free and step.change.action != Action.CLEAR:
        return f"Saved, without effect: {name} is held out and locked"
    return f"Saved: {name} " + _NEWLY[step.change.action].format(label=step.change.label).removeprefix("newly ")


def _others(step: Step) -> str:
    """Rows that were not decided about and follow all the same."""
    moved = step.before.kept != step.after.kept
    moved[step.rows] = False
    kept = int((moved & step.after.kept).sum())
    counts = ((kept, "kept"), (int(moved.sum()) - kept, "dropped"))
    return "".join(f" · {count:,} other row{'s' * (count > 1)} now {what}" for count, what in counts if count)


def _moved(view: ScoreView, step: Step) -> np.ndarray:
    """bool [n]: rows that are now what was asked and were not before."""
    if step.change.action == Action.CLEAR:
        said = (step.decisions_before.get(str(name)) for name in view.ids[step.rows])
        return np.fromiter((d is not None and d.action is not None for d in said), bool, len(step.rows))
    if step.change.action == Action.RELABEL:
        return step.before.label_final[step.rows] != step.after.label_final[step.rows]
    return step.before.kept[step.rows] != step.after.kept[step.rows]


def emptied_words(view: ScoreView, before: Outcome, after: Outcome) -> str:
    """The classes that had training rows until now, in one sentence; empty when there are none."""
    there = emptied_classes(view, before)
    names = [name for name in emptied_classes(view, after) if name not in there]
    if not names:
        return ""
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    kind = "Class" if len(names) == 1 else "Classes"
    return f"{kind} {', '.join(names[:5])}{more}: no training row left."
