"""What rules may not do to a class: a floor under its rows and a cap on the share that goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.types.curation import Guardrails
from core.types.errors import RulesError

from .view import ScoreView


@dataclass(frozen=True, eq=False)
class Rescue:
    """Rows that the rules would drop and that stay, by floor and by cap."""

    floor: np.ndarray
    cap: np.ndarray


def check_guardrails(guard: Guardrails) -> None:
    """Raise `RulesError` for numbers that make no sense."""
    if guard.class_floor < 0:
        raise RulesError(f"The class floor is {guard.class_floor}.", "Give 0 or more rows.")
    if guard.class_cap is not None and not 0 <= guard.class_cap <= 1:
        raise RulesError(f"The cap per class is {guard.class_cap}.", "Give a share from 0 to 1, or none.")


def rescue(view: ScoreView, guard: Guardrails, rank: np.ndarray, gone: np.ndarray,
           by_rule: np.ndarray) -> Rescue:
    """Last to go come back first.

    gone [N] bool: rows that would be dropped by anything; by_rule: those of them that only rules drop, which alone can
    be rescued. Floor: a class keeps at least min(class_floor, its unlocked rows). Cap: rules drop at most
    floor(class_cap * its unlocked rows). Unlabeled rows are no class.
    """
    check_guardrails(guard)
    total = view.class_totals(guard.lock_held_out)
    kept = total - view.count_classes(np.flatnonzero(gone))  # locked rows are never gone
    droppable = view.count_classes(np.flatnonzero(by_rule))
    need = np.clip(np.minimum(guard.class_floor, total) - kept, 0, droppable)
    floor = _last_to_go(view, rank, by_rule, need)
    if guard.class_cap is None:
        return Rescue(floor, np.empty(0, np.int64))
    allowed = np.floor(guard.class_cap * total + 1e-9).astype(np.int64)
    rest = by_rule.copy()
    rest[floor] = False
    return Rescue(floor, _last_to_go(view, rank, rest, np.clip(droppable - need - allowed, 0, None)))


def _last_to_go(view: ScoreView, rank: np.ndarray, among: np.ndarray, need: np.ndarray) -> np.ndarray:
    found = [np.empty(0, np.int64)]
    for c in np.flatnonzero(need > 0):
        rows = view.class_rows[int(c)]
        rows = rows[among[rows]]
        found.append(rows[np.argsort(-rank[rows])[:need[c]]])
    return np.concatenate(found)
