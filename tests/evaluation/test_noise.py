"""Noise rate from a reviewed random sample, and the model's doubt only beside its accuracy."""

import numpy as np
import pytest
from oracles.small_views import view_of

from core.curation import apply_rules
from core.evaluation.noise import cut_rules, noise_rate, review_sample
from core.types.curation import Action, Decision
from core.types.errors import RulesError


def world(rows=1000, seed=0):
    """A view whose label_quality is lowest for the wrong labels; 8 % of them are wrong."""
    rng = np.random.default_rng(seed)
    wrong = rng.random(rows) < 0.08
    labels = rng.integers(0, 2, rows)
    quality = rng.random(rows) * 0.6 + 0.4 * ~wrong - 0.35 * wrong
    return view_of({"label_quality": quality}, labels=labels, classes=2), wrong


def answered(action=None, label=None):
    """A person's answer when the sample asked."""
    return Decision(action, label, reviewed=True, sampled=True)


def reviewed(view, wrong, ids, share=1.0):
    said = {}
    for number, name in enumerate(ids):
        if number < share * len(ids):
            row = view.row_of[name]
            other = view.class_names[1 - view.labels[row]]
            said[name] = answered(Action.RELABEL, other) if wrong[row] else answered(Action.KEEP)
    return said


def test_the_sample_is_random_fixed_and_of_both_kinds():
    view, _ = world()
    sample = review_sample(view, 40)
    assert len(sample.ids) == len(set(sample.ids)) == 80
    assert sample.ids == review_sample(view, 40).ids
    assert sum(sample.sizes) == 1000
    place = {int(row): i for i, row in enumerate(sample.order)}
    assert max(place[int(r)] for r in sample.suspected) < sample.sizes[0] <= min(place[int(r)] for r in sample.others)


def test_the_interval_covers_the_truth_over_many_samples():
    view, wrong = world()
    inside = 0
    for seed in range(60):
        sample = review_sample(view, 50, seed)
        found = noise_rate(view, reviewed(view, wrong, sample.ids), 50, seed)
        inside += found.low <= wrong.mean() <= found.high
    assert inside >= 53  # 95 % of 60, less two standard errors


def test_no_share_before_both_kinds_are_reviewed():
    view, wrong = world()
    assert noise_rate(view, {}, 50).share is None
    sample = review_sample(view, 50)
    only = [str(view.ids[r]) for r in sample.suspected]
    found = noise_rate(view, reviewed(view, wrong, only), 50)
    assert found.share is None
    assert found.text.startswith("Not known: 50 rows")


def test_rows_outside_the_sample_say_nothing():
    view, wrong = world()
    sample = set(review_sample(view, 50).ids)
    others = [str(i) for i in view.ids if str(i) not in sample]
    assert noise_rate(view, reviewed(view, wrong, others), 50).strata[0].reviewed == 0


def test_words_said_elsewhere_about_rows_of_the_sample_do_not_count():
    view, _ = world()
    sample = review_sample(view, 50)
    elsewhere = [Decision(Action.DROP, reviewed=True), Decision(Action.KEEP, reviewed=True), Decision(reviewed=True)]
    said = {name: elsewhere[number % 3] for number, name in enumerate(sample.ids)}
    assert [s.reviewed for s in noise_rate(view, said, 50).strata] == [0, 0]


def test_unsure_is_no_verdict_and_is_said():
    view, wrong = world()
    sample = review_sample(view, 50)
    said = reviewed(view, wrong, sample.ids)
    before = noise_rate(view, said, 50)
    doubtful = [name for name in sample.ids if said[name].action is Action.KEEP][:5]
    found = noise_rate(view, {**said, **dict.fromkeys(doubtful, answered())}, 50)
    assert sum(s.reviewed for s in found.strata) == sum(s.reviewed for s in before.strata) - 5
    assert "5 left out as unsure." in found.text


def test_a_whole_review_gives_the_true_share_by_hand():
    view, wrong = world(120)
    sample = review_sample(view, 200)
    found = noise_rate(view, reviewed(view, wrong, sample.ids), 200)
    assert found.share == pytest.approx(wrong.mean())
    assert found.low < found.share < found.high


def test_the_suggested_cut_ends_where_right_labels_prevail():
    view, wrong = world()
    sample = review_sample(view, 200)
    found = noise_rate(view, reviewed(view, wrong, sample.ids), 200)
    head = wrong[sample.order[: found.cut]]
    assert head.mean() > 0.6
    beyond = wrong[sample.order[found.cut : found.cut + 40]]
    assert beyond.mean() <= 0.5
    assert f"{found.cut:,}" in found.cut_text
    outcome = apply_rules(view, cut_rules(view, found.cut))
    assert set(np.flatnonzero(~outcome.kept)) == set(sample.order[: found.cut].tolist())


def test_all_right_suggests_no_cut_and_few_reviews_none_at_all():
    view, _ = world()
    sample = review_sample(view, 50)
    right = {name: answered(Action.KEEP) for name in sample.ids}
    assert noise_rate(view, right, 50).cut == 0
    assert noise_rate(view, dict(list(right.items())[:8]), 50).cut is None


def test_nothing_to_sample_is_said():
    with pytest.raises(RulesError, match="nothing to sample"):
        review_sample(view_of({"el2n": [1.0, 2.0]}, labels=[-1, -1]))
