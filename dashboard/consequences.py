"""What a decision did, in words: how many rows it moved, were there already, are locked; which classes it emptied."""

from __future__ import annotations

import numpy as np

from core.curation import emptied_classes
from core.types.curation import Action
from dashboard.opened import Opened

_NEWLY = {
    Action.KEEP: "newly kept",
    Action.DROP: "newly dropped",
    Action.RELABEL: "relabeled {label}",
    Action.CLEAR: "back to the rules",
}
_ALREADY = {Action.CLEAR: "had no decision"}


def decision_words(before: Opened, after: Opened, rows: np.ndarray, action: Action, label: str | None = None) -> str:
    """`100 newly dropped · 5 already · 22 held out, locked`; of a single row its id instead of a count.

    Other rows that follow are counted, too: near-duplicates that stand in for these, or no longer need to go.
    """
    free = before.view.unlocked(before.rules.guardrails.lock_held_out)[rows]
    moved = free & _moved(before, after, rows, action)
    if len(rows) == 1:
        return _of_one(str(before.view.ids[rows[0]]), bool(free[0]), action, label) + _others(before, after, rows)
    counts = (
        (int(moved.sum()), _NEWLY[action].format(label=label)),
        (int((free & ~moved).sum()), _ALREADY.get(action, "already")),
        (int((~free).sum()), "held out, locked"),
    )
    said = [f"{count:,} {words}" for at, (count, words) in enumerate(counts) if count or at == 0]
    return "Saved: " + " · ".join(said) + _others(before, after, rows)


def _of_one(name: str, free: bool, action: Action, label: str | None) -> str:
    if not free and action != Action.CLEAR:
        return f"Saved, without effect: {name} is held out and locked"
    return f"Saved: {name} " + _NEWLY[action].format(label=label).removeprefix("newly ")


def _others(before: Opened, after: Opened, rows: np.ndarray) -> str:
    """Rows that were not decided about and follow all the same."""
    moved = before.outcome.kept != after.outcome.kept
    moved[rows] = False
    kept = int((moved & after.outcome.kept).sum())
    counts = ((kept, "kept"), (int(moved.sum()) - kept, "dropped"))
    return "".join(f" · {count:,} other row{'s' * (count > 1)} now {what}" for count, what in counts if count)


def _moved(before: Opened, after: Opened, rows: np.ndarray, action: Action) -> np.ndarray:
    """bool [n]: rows that are now what was asked and were not before."""
    if action == Action.CLEAR:
        names = (str(name) for name in before.view.ids[rows])
        said = (before.curation.decisions.get(name) for name in names)
        return np.fromiter((d is not None and d.action is not None for d in said), bool, len(rows))
    if action == Action.RELABEL:
        return before.outcome.label_final[rows] != after.outcome.label_final[rows]
    return before.outcome.kept[rows] != after.outcome.kept[rows]


def emptied_words(before: Opened, after: Opened) -> str:
    """The classes that had training rows until now, in one sentence; empty when there are none."""
    there = emptied_classes(before.view, before.outcome)
    names = [name for name in emptied_classes(after.view, after.outcome) if name not in there]
    if not names:
        return ""
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    kind = "Class" if len(names) == 1 else "Classes"
    return f"{kind} {', '.join(names[:5])}{more}: no training row left. Undo brings them back (u)."
