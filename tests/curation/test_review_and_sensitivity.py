from dataclasses import replace

import numpy as np
import pytest
from oracles.small_views import column, random_view, view_of

from core.curation import apply_rules, flip_risk
from core.curation.review import review_queue, reviewed_of
from core.curation.sensitivity import changed_side, sensitivity
from core.types.curation import Decision, Guardrails, Rules, Threshold
from core.types.methods import Goal

FREE = Guardrails(class_floor=0, class_cap=None, duplicates="off")


def _rules(count: float, **more) -> Rules:
    return Rules(
        goal=Goal.FIND_NOISE.value,
        thresholds=(Threshold("composite", "count", "above", count),),
        guardrails=FREE,
        **more,
    )


def test_rows_at_the_cut_come_first():
    view = view_of({"el2n": np.arange(100.0)})
    rules = _rules(10)
    order = review_queue(view, rules).order
    assert len(order) == 100
    distance = np.abs(apply_rules(view, rules).margin)
    assert distance[order[0]] == distance.min()
    assert (np.diff(distance[order]) > -1e-6).all()  # one group, no seeds: nearness alone, and margins are float32


def test_value_is_the_documented_product():
    rng = np.random.default_rng(3)
    size = 50
    hard, clean, spread = rng.normal(size=size), rng.normal(size=size), rng.random(size).astype(np.float32)
    view = view_of({"el2n": column("el2n", hard, spread, 3), "aum": clean})
    rules = _rules(5)
    outcome, queue = apply_rules(view, rules), review_queue(view, rules)
    risk = flip_risk(view, rules, outcome)
    place = np.argsort(np.argsort(np.abs(outcome.margin), kind="stable"))
    for row in range(size):
        means = [(np.sum(hard < hard[row]) + 0.5) / size - 0.5, -((np.sum(clean < clean[row]) + 0.5) / size - 0.5)]
        expected = np.exp(-place[row] / size / 0.05) * (0.1 + 0.9 * np.std(means) / 0.5) * (0.1 + 0.9 * 2 * risk[row])
        assert queue.value[row] == pytest.approx(expected, rel=1e-4)  # float32 ranks


def test_queue_leaves_out_locked_rows_and_ignores_decisions():
    view = random_view(np.random.default_rng(0))
    rules = _rules(8)
    queue = review_queue(view, rules)
    assert not view.held_out[queue.order].any()
    assert np.isnan(queue.value[view.held_out]).all()
    first, second = (str(view.ids[row]) for row in queue.order[:2])
    said = {first: Decision(reviewed=True), second: Decision(note="only a note")}
    assert reviewed_of(view, queue, said, 10) == (1, 10, int(queue.order[1]))
    everything = {str(i): Decision(reviewed=True) for i in view.ids}
    assert reviewed_of(view, queue, everything, 10) == (10, 10, None)


def test_a_copy_that_goes_for_its_likeness_is_not_to_review():
    view = random_view(np.random.default_rng(0))
    rules = replace(_rules(8), guardrails=Guardrails(0, None, "keep_best_agreed"))
    copies = np.flatnonzero(apply_rules(view, rules).source == "duplicate")
    assert len(copies)
    assert not np.isin(copies, review_queue(view, rules).order).any()


def test_without_a_cut_nothing_is_to_review():
    view = view_of({"el2n": np.arange(10.0)})
    queue = review_queue(view, Rules())
    assert len(queue.order) == 0
    assert reviewed_of(view, queue, {}) == (0, 0, None)


def test_sensitivity_is_what_moving_the_weight_does():
    view = random_view(np.random.default_rng(1))
    rules = _rules(12, group_weights={"dynamics": 0.1})
    now = apply_rules(view, rules).kept
    effects = sensitivity(view, rules, {})
    assert {e.name for e in effects} == {"difficulty", "dynamics", "label_quality"}  # one score each: groups alone
    for effect in effects:
        for to, flips in ((max(0, effect.weight - 0.25), effect.flips_down), (effect.weight + 0.25, effect.flips_up)):
            moved = replace(rules, group_weights={**rules.group_weights, effect.name: to})
            assert flips == (apply_rules(view, moved).kept != now).sum()
    most = [max(e.flips_down, e.flips_up) for e in effects]
    assert most == sorted(most, reverse=True)
    assert most[0] > 0


def test_changed_side_names_both_ways():
    view = view_of({"el2n": np.arange(20.0), "aum": np.arange(20.0)})
    before = apply_rules(view, _rules(4, group_weights={"dynamics": 0.0}))
    after = apply_rules(view, _rules(4, group_weights={"difficulty": 0.0}))
    gone, back = changed_side(before, after)
    assert gone.tolist() == [0, 1, 2, 3]  # lowest AUM goes first
    assert back.tolist() == [16, 17, 18, 19]
    assert all(len(rows) == 0 for rows in changed_side(before, before))
