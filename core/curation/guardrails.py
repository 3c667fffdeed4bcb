"""What rules may not do to a class: a floor under its rows and a cap on the share that goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.types.curation import Guardrails
from core.types.errors import RulesError

from .ranking import Ranking
from .view import ScoreView


@dataclass(frozen=True, eq=False)
class Rescue:
    """Rows that the rules would drop and that stay, by floor and by cap; lost [C]: rows of each class that still go.

    cut [C] float32: the composite between the last row of a class that goes and the first that came back (infinite on
    the drop side when all came back), NaN for classes that needed no rescue.
    """

    floor: np.ndarray
    cap: np.ndarray
    lost: np.ndarray
    cut: np.ndarray


def check_guardrails(guard: Guardrails) -> None:
    """Raise `RulesError` for numbers that make no sense."""
    if guard.class_floor < 0:
        raise RulesError(f"The class floor is {guard.class_floor}.", "Give 0 or more rows.")
    if guard.class_cap is not None and not 0 <= guard.class_cap <= 1:
        raise RulesError(f"The cap per class is {guard.class_cap}.", "Give a share from 0 to 1, or none.")


def rescue(view: ScoreView, guard: Guardrails, ranking: Ranking, gone: np.ndarray, by_rule: np.ndarray) -> Rescue:
    """Rows that class floor and cap keep although rules would drop them, taken from the end of the drop order.

    gone [N] bool: rows that would be dropped by anything; by_rule: those of them that only rules drop, which alone can
    be rescued. Floor: a class keeps at least min(class_floor, its unlocked rows). Cap: rules drop at most
    floor(class_cap * its unlocked rows). Unlabeled rows are no class.
    """
    check_guardrails(guard)
    total = view.class_totals(guard.lock_held_out)
    lost, droppable = view.count_in_classes(gone), view.count_in_classes(by_rule)
    need = np.clip(np.minimum(guard.class_floor, total) - (total - lost), 0, droppable)  # locked rows are never gone
    over = np.zeros_like(need)
    if guard.class_cap is not None:
        over = np.clip(droppable - need - np.floor(guard.class_cap * total + 1e-9).astype(np.int64), 0, None)
    floor, cap = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    cut = np.full(len(total), np.nan, np.float32)
    for c in np.flatnonzero(need + over).tolist():
        rows = np.compress(by_rule[view.class_rows[c]], view.class_rows[c])
        by_floor, by_cap, between = _come_back(ranking, rows, int(need[c]), int(over[c]))
        floor.append(by_floor)
        cap.append(by_cap)
        cut[c] = between
    return Rescue(np.concatenate(floor), np.concatenate(cap), lost - need - over, cut)


def _come_back(ranking: Ranking, rows: np.ndarray, need: int, over: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Of the rows of a class: the last `need` to go, the `over` before these, the composite before all of them."""
    rank, going = ranking.rank[rows], len(rows) - need - over
    split = len(rows) - need
    placed = np.partition(rank, sorted({max(going - 1, 0), going, min(split, len(rows) - 1)}))
    by_floor = rank >= placed[split] if need else np.zeros(len(rows), bool)
    end = np.inf if ranking.drops_first else -np.inf  # beyond it lies no row
    between = _between(ranking, placed[going - 1], placed[going]) if going else end
    by_cap = (rank >= placed[going]) & ~by_floor
    return np.compress(by_floor, rows), np.compress(by_cap, rows), between


def _between(ranking: Ranking, last_gone: int, first_back: int) -> float:
    """Halfway between the composites of two ranks."""
    gone, back = ranking.composite[ranking.order[[last_gone - 1, first_back - 1]]].tolist()
    return (gone + back) / 2.0
