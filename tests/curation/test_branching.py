"""Two curations side by side, against a row-by-row twin."""

import numpy as np
from oracles.small_views import random_view

from core.curation import ZONES, apply_rules
from core.curation.branching import compare_outcomes
from core.curation.evidence import zones
from core.types.curation import Action, Decision, Rules, Threshold


def _two(view):
    rules = [Rules(thresholds=(Threshold("el2n", "percentile", "above", cut),)) for cut in (80.0, 60.0)]
    free = [row for row in range(len(view)) if not view.held_out[row] and view.labels[row] >= 0]
    other = view.class_names[(view.labels[free[0]] + 1) % len(view.class_names)]
    said = {str(view.ids[free[0]]): Decision(Action.RELABEL, other), str(view.ids[free[1]]): Decision(Action.KEEP)}
    return apply_rules(view, rules[0]), apply_rules(view, rules[1], said)


def test_rows_and_tables_agree_with_a_slow_count():
    view = random_view(np.random.default_rng(3))
    a, b = _two(view)
    found = compare_outcomes(view, a, b)
    gained = [r for r in range(len(view)) if b.kept[r] and not a.kept[r]]
    lost = [r for r in range(len(view)) if a.kept[r] and not b.kept[r]]
    assert found.gained.tolist() == gained
    assert found.lost.tolist() == lost
    assert lost, "a stricter cut drops more"
    for code in range(-1, len(view.class_names)):
        of = [r for r in range(len(view)) if view.labels[r] == code]
        counts = [
            sum(a.kept[r] for r in of),
            sum(b.kept[r] for r in of),
            len(set(of) & set(gained)),
            len(set(of) & set(lost)),
        ]
        assert found.by_class[code].tolist() == counts  # -1, no label, is the last line
    for code in range(len(ZONES)):
        of = [r for r in range(len(view)) if zones(view)[r] == code]
        assert found.by_zone[code, 3] == len(set(of) & set(lost))


def test_a_new_label_is_told_apart_from_a_drop():
    view = random_view(np.random.default_rng(3))
    a, b = _two(view)
    found = compare_outcomes(view, a, b)
    moved = np.flatnonzero(a.label_final != b.label_final)
    assert set(found.relabeled) == {r for r in moved if a.kept[r] and b.kept[r]}
    assert len(moved) == 1


def test_a_branch_compared_with_itself_differs_nowhere():
    view = random_view(np.random.default_rng(3))
    a, _ = _two(view)
    found = compare_outcomes(view, a, a)
    assert not len(found.gained) + len(found.lost) + len(found.relabeled)
    assert found.by_class[:, 0].sum() == found.by_class[:, 1].sum() == a.kept.sum()
