"""Near-duplicates: groups by similarity, and which row of a group stays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.selection.ordering import ALL_BITS, LOW_BITS, sort_keys
from core.types.curation import Rules
from core.types.errors import RulesError

from .decisions import Manual
from .evidence import label_evidence
from .ranking import Ranking
from .view import ScoreView


@dataclass(frozen=True, eq=False)
class DuplicateChoice:
    """best: the rows that stand for their group; losers: rows whose place `standing_in` (same length) takes."""

    best: np.ndarray
    losers: np.ndarray
    standing_in: np.ndarray


NOTHING = DuplicateChoice(*(np.empty(0, np.int64) for _ in range(3)))


def duplicate_groups(view: ScoreView, similarity: float) -> np.ndarray:
    """[N] int64: groups of rows linked by at least this similarity or by equal content, by first row; -1 = none."""
    if view.duplicate_groups is not None:
        return view.duplicate_groups
    return view.remember(("duplicates", float(similarity)), lambda: _connect(view, similarity))


def _connect(view: ScoreView, similarity: float) -> np.ndarray:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    left, right = _links(view, similarity)
    out = np.full(len(view), -1, np.int64)
    if len(left) == 0:
        return out
    graph = coo_array((np.ones(len(left), np.uint8), (left, right)), shape=(len(view), len(view)))
    _, part = connected_components(graph, directed=False)
    members = np.flatnonzero(np.bincount(part)[part] > 1)
    _, first, inverse = np.unique(part[members], return_index=True, return_inverse=True)
    out[members] = np.argsort(np.argsort(first))[inverse]
    return out


def _links(view: ScoreView, similarity: float) -> tuple[np.ndarray, np.ndarray]:
    left, right = [], []
    if view.exact_duplicate_of is not None:
        rows = np.flatnonzero(view.exact_duplicate_of != np.arange(len(view)))
        rows = rows[view.exact_duplicate_of[rows] >= 0]
        left.append(rows)
        right.append(view.exact_duplicate_of[rows])
    if view.neighbors is not None:
        row, place = np.nonzero(_similarity(view) >= np.float32(similarity))
        found = view.neighbors[row, place].astype(np.int64)
        left.append(row[found >= 0])
        right.append(found[found >= 0])
    if not left:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return np.concatenate(left), np.concatenate(right)


def _similarity(view: ScoreView) -> np.ndarray:
    """[N, k] of each neighbor; where only the score `duplicate_similarity` is known, that of the nearest alone."""
    if view.neighbor_similarity is not None:
        return view.neighbor_similarity
    if "duplicate_similarity" in view.scores:
        return view.scores["duplicate_similarity"].values[:, None]
    return np.empty((len(view), 0), np.float32)


def choose(view: ScoreView, rules: Rules, ranking: Ranking, manual: Manual) -> DuplicateChoice:
    """Of each group with two or more rows in play one stays.

    In play: not locked and not dropped by hand. A row kept by hand is preferred (several all stay); then the highest
    keep-priority, or, where labels differ, the best label evidence; then the first id.
    """
    guard = rules.guardrails
    if guard.duplicates not in ("keep_best", "off"):
        raise RulesError(f"The duplicates guardrail is {guard.duplicates!r}.", "Use keep_best or off.")
    if guard.duplicates == "off":
        return NOTHING
    members, starts, sizes = _members(view, guard.duplicate_similarity, guard.lock_held_out)
    if len(members) == 0:
        return NOTHING
    playing = ~manual.dropped[members]
    merit = ranking.priority[members]
    conflict = _conflicting(members, starts, sizes, manual.labels)
    merit[conflict] = label_evidence(view)[members[conflict]]
    keys = sort_keys(-merit, view.id_rank[members])
    chosen_by_hand = manual.kept[members]
    keys[chosen_by_hand] &= LOW_BITS  # before every merit
    keys[~playing] = ALL_BITS  # after every merit
    place = np.minimum(np.minimum.reduceat(keys, starts) & LOW_BITS, len(view) - 1)  # a group out of play gives any row
    best = view.id_order[place.astype(np.intp)]
    standing = np.repeat(best, sizes)
    losing = playing & ~chosen_by_hand & (members != standing)
    contested = np.add.reduceat(playing.astype(np.int64), starts) > 1
    return DuplicateChoice(best[contested], members[losing], standing[losing])


def _members(view: ScoreView, similarity: float, lock_held_out: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unlocked rows of groups with at least two of them, group after group; where each begins; how many it has."""
    key = ("members", float(similarity), lock_held_out)
    return view.remember(key, lambda: _groups(view, similarity, lock_held_out))


def _groups(view: ScoreView, similarity: float, lock_held_out: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    group = duplicate_groups(view, similarity)
    rows = np.flatnonzero((group >= 0) & view.unlocked(lock_held_out))
    rows = rows[np.bincount(group[rows], minlength=1)[group[rows]] > 1]
    rows = rows[np.argsort(group[rows], kind="stable")]
    starts = np.flatnonzero(np.concatenate(([True], group[rows][1:] != group[rows][:-1]))[:len(rows)])
    return rows, starts, np.diff(np.append(starts, len(rows)))


def _conflicting(members: np.ndarray, starts: np.ndarray, sizes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """For each member: whether its group holds more than one label."""
    own = labels[members]
    return np.repeat(np.minimum.reduceat(own, starts) != np.maximum.reduceat(own, starts), sizes)
