"""Near-duplicates: groups by similarity, and which row of a group stays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.scores import name_used_for
from core.selection.ordering import ALL_BITS, LOW_BITS, sort_keys
from core.types.curation import DUPLICATES, Guardrails, NearDuplicates, Rules
from core.types.errors import RulesError
from core.types.methods import Use

from .decisions import Manual
from .evidence import label_evidence
from .ranking import Ranking
from .view import ScoreView

EXACT = float("inf")  # no similarity reaches it: only equal content makes a group
UNASKED = 0.05  # largest share of the rows that near-duplicates take without a person's consent


@dataclass(frozen=True, eq=False)
class DuplicateChoice:
    """best: the rows that stand for their group; losers: rows whose place `standing_in` (same length) takes.

    spared: rows that would be losers but for their class; rules decide them like any other row.
    """

    best: np.ndarray
    losers: np.ndarray
    standing_in: np.ndarray
    spared: np.ndarray


NOTHING = DuplicateChoice(*(np.empty(0, np.int64) for _ in range(4)))


def duplicate_groups(view: ScoreView, similarity: float) -> np.ndarray:
    """[N] int64: groups of rows linked by at least this similarity or by equal content, by first row; -1 = none."""
    if view.duplicate_groups is not None:
        return view.duplicate_groups
    return view.remember(("duplicates", float(similarity)), lambda: _connect(view, similarity))


def applied_groups(view: ScoreView, guard: Guardrails) -> np.ndarray:
    """[N] int64: the groups of which the guardrail keeps one row each (under "off": would keep); -1 = none."""
    return duplicate_groups(view, _applied_similarity(view, guard))


def asked_about(view: ScoreView, guard: Guardrails) -> NearDuplicates | None:
    """What a person has to agree to before near-duplicates go: None when they take few rows, or when it was settled.

    The count is that of the data: neither weights nor decisions move it.
    """
    if guard.duplicates != "keep_best":
        return None
    if view.duplicate_groups is not None:
        return view.near_duplicates_asked
    near, exact = (_surplus(view, s, guard.lock_held_out) for s in (guard.duplicate_similarity, EXACT))
    share = (near - exact) / max(len(view), 1)
    return NearDuplicates(near - exact, share, guard.duplicate_similarity, UNASKED) if share > UNASKED else None


def _applied_similarity(view: ScoreView, guard: Guardrails) -> float:
    return EXACT if guard.duplicates == "exact" or asked_about(view, guard) else guard.duplicate_similarity


def _surplus(view: ScoreView, similarity: float, lock_held_out: bool) -> int:
    """Rows that go when of each group one stays."""
    members, starts, _ = _members(view, similarity, lock_held_out)
    return len(members) - len(starts)


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
        neighbor = view.neighbors[row, place].astype(np.int64)
        left.append(row[neighbor >= 0])
        right.append(neighbor[neighbor >= 0])
    if not left:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return np.concatenate(left), np.concatenate(right)


def _similarity(view: ScoreView) -> np.ndarray:
    """[N, k] of each neighbor; where only the score `duplicate_similarity` is known, that of the nearest alone."""
    if view.neighbor_similarity is not None:
        return view.neighbor_similarity
    if (nearest := view.scores.get(name_used_for(Use.NEAREST_SIMILARITY))) is not None:
        return nearest.values[:, None]
    return np.empty((len(view), 0), np.float32)


def choose(view: ScoreView, rules: Rules, ranking: Ranking, manual: Manual) -> DuplicateChoice:
    """Of each group with two or more rows in play one stays, and as many as the floor of their class asks for.

    In play: not locked and not dropped by hand. A row kept by hand is preferred (several all stay); then the highest
    keep-priority, or, where labels differ, the best label evidence; then the first id. Raises `RulesError` for a
    guardrail that does not exist.
    """
    guard = rules.guardrails
    if guard.duplicates not in DUPLICATES:
        raise RulesError(f"The duplicates guardrail is {guard.duplicates!r}.", f"Use {' or '.join(DUPLICATES)}.")
    if guard.duplicates == "off":
        return NOTHING
    members, starts, sizes = _members(view, _applied_similarity(view, guard), guard.lock_held_out)
    if len(members) == 0:
        return NOTHING
    playing = ~manual.dropped[members]
    chosen_by_hand = manual.kept[members]
    best = _best(view, _merit(view, ranking, manual, members, starts, sizes), members, starts, playing, chosen_by_hand)
    standing = np.repeat(best, sizes)
    losing = playing & ~chosen_by_hand & (members != standing)
    contested = np.add.reduceat(playing.astype(np.int64), starts) > 1
    losers, standing = members[losing], standing[losing]
    spared = _spared(view, guard, ranking, manual, losers)
    going = ~np.isin(losers, spared)
    return DuplicateChoice(best[contested], losers[going], standing[going], spared)


def _merit(
    view: ScoreView, ranking: Ranking, manual: Manual, members: np.ndarray, starts: np.ndarray, sizes: np.ndarray
) -> np.ndarray:
    merit = ranking.priority[members]
    conflict = _conflicting(members, starts, sizes, manual.labels)
    merit[conflict] = label_evidence(view)[members[conflict]]
    return merit


def _best(
    view: ScoreView,
    merit: np.ndarray,
    members: np.ndarray,
    starts: np.ndarray,
    playing: np.ndarray,
    chosen_by_hand: np.ndarray,
) -> np.ndarray:
    """One row for each group."""
    keys = sort_keys(-merit, view.id_rank[members])
    keys[chosen_by_hand] &= LOW_BITS  # before every merit
    keys[~playing] = ALL_BITS  # after every merit
    place = np.minimum(np.minimum.reduceat(keys, starts) & LOW_BITS, len(view) - 1)  # a group out of play gives any row
    return view.id_order[place.astype(np.intp)]


def _spared(view: ScoreView, guard: Guardrails, ranking: Ranking, manual: Manual, losers: np.ndarray) -> np.ndarray:
    """Losers that stay for their class, the last to go first: being alike takes no class below its floor, and none its
    last training row. What rules drop besides comes back by `guardrails.rescue`.
    """
    spared = np.empty(0, np.int64)
    # where held-out rows are unlocked they count for the floor, but no class lives on them alone
    for lock, floor in ((guard.lock_held_out, max(guard.class_floor, 1)), (True, 1)):
        here = losers[view.unlocked(lock)[losers] & ~np.isin(losers, spared)]
        had = _in_play(view, manual, lock)
        need = np.minimum(floor, had) - (had - view.count_classes(here))  # a loser has the label that it was given
        for c in np.flatnonzero(need > 0):
            own = here[view.labels[here] == c]
            spared = np.append(spared, own[np.argsort(-ranking.rank[own])[: need[c]]])
    return spared


def _in_play(view: ScoreView, manual: Manual, lock: bool) -> np.ndarray:
    """[C] unlocked rows of each class as people labeled them, without those that people dropped."""
    moved = np.flatnonzero((manual.dropped | manual.relabeled) & view.unlocked(lock))
    to = manual.labels[moved[manual.relabeled[moved]]]
    arrived = np.bincount(to, minlength=len(view.class_names))
    return view.class_totals(lock) - view.count_classes(moved) + arrived


def _members(view: ScoreView, similarity: float, lock_held_out: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unlocked rows of groups with at least two of them, group after group; where each begins; how many it has."""
    key = ("members", float(similarity), lock_held_out)
    return view.remember(key, lambda: _groups(view, similarity, lock_held_out))


def _groups(view: ScoreView, similarity: float, lock_held_out: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    group = duplicate_groups(view, similarity)
    rows = np.flatnonzero((group >= 0) & view.unlocked(lock_held_out))
    rows = rows[np.bincount(group[rows], minlength=1)[group[rows]] > 1]
    rows = rows[np.argsort(group[rows], kind="stable")]
    starts = np.flatnonzero(np.concatenate(([True], group[rows][1:] != group[rows][:-1]))[: len(rows)])
    return rows, starts, np.diff(np.append(starts, len(rows)))


def _conflicting(members: np.ndarray, starts: np.ndarray, sizes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """For each member: whether its group holds more than one label."""
    own = labels[members]
    return np.repeat(np.minimum.reduceat(own, starts) != np.maximum.reduceat(own, starts), sizes)
