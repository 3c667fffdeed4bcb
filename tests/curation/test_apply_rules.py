from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.small_views import permuted, random_view, view_of

from core.curation import ScoreView, apply_rules, emptied_classes, rank_rows, train_counts
from core.types.curation import DUPLICATES, Action, Decision, Guardrails, Rules, Source, Threshold
from core.types.errors import CurationError, RulesError

FREE = Guardrails(class_floor=0, class_cap=None, duplicates="off", lock_held_out=False, allow_empty_class=True)


def _above(cut: float, kind: str = "count", score: str = "composite", **more) -> Threshold:
    return Threshold(score, kind, "above", cut, **more)


def _ids(view, mask) -> list[str]:
    return view.ids[np.flatnonzero(mask)].tolist()


def test_nothing_is_dropped_without_rules():
    view = view_of({"el2n": [1, 2, 3]})
    outcome = apply_rules(view, Rules())
    assert outcome.kept.all()
    assert set(outcome.source) == {Source.DEFAULT.value}
    assert outcome.counts == {"kept": 3, "dropped": 0, "rows": 3}


def test_a_high_composite_goes_first_for_noise_and_last_for_hardness():
    view = view_of({"el2n": [1, 3, 2]})
    assert rank_rows(view, Rules(goal="find_noise")).rank.tolist() == [3, 1, 2]
    assert rank_rows(view, Rules(goal="keep_hard")).rank.tolist() == [1, 3, 2]


def test_ties_go_in_the_order_of_ids():
    view = view_of({"el2n": [2, 2, 2]}, ids=["b", "10", "9"])
    assert rank_rows(view, Rules()).rank.tolist() == [3, 1, 2]


def test_a_dropped_row_says_why_and_how_far_it_was_from_the_cut():
    view = view_of({"el2n": [1, 2, 4, 8]})
    outcome = apply_rules(view, Rules(thresholds=(_above(3, "value", "el2n"),), guardrails=FREE))
    assert outcome.kept.tolist() == [True, True, False, False]
    assert outcome.source.tolist() == ["default", "default", "rule", "rule"]
    assert outcome.reasons(2) == ("el2n_above",)
    assert outcome.reasons(0) == ()
    assert outcome.margin.tolist() == [2, 1, -1, -5]
    assert set(outcome.threshold.tolist()) == {3}


def test_two_thresholds_give_two_reasons_and_the_first_decides():
    view = view_of({"el2n": [1, 2, 9], "aum": [0, -5, -5]})
    rules = Rules(thresholds=(_above(8, "value", "el2n"), Threshold("aum", "value", "below", -1)), guardrails=FREE)
    outcome = apply_rules(view, rules)
    assert outcome.reasons(2) == ("el2n_above", "aum_below")
    assert outcome.reasons(1) == ("aum_below",)
    assert outcome.threshold.tolist() == [8, -1, 8]
    assert outcome.margin.tolist() == [7, -4, -1]


def test_a_threshold_for_one_class_leaves_the_others_alone():
    view = view_of({"el2n": [5, 6, 7, 8]}, labels=[0, 0, 1, 1])
    outcome = apply_rules(view, Rules(thresholds=(_above(1, score="el2n", class_name="class 0"),), guardrails=FREE))
    assert outcome.kept.tolist() == [True, False, True, True]
    assert np.isnan(outcome.margin[2:]).all()


def test_held_out_rows_are_never_dropped_nor_counted():
    view = view_of({"el2n": np.arange(10)}, splits=["train"] * 5 + ["test"] * 5)
    rules = Rules(
        strategy="top_fraction", strategy_params={"keep_fraction": 0.4}, guardrails=replace(FREE, lock_held_out=True)
    )
    outcome = apply_rules(view, rules, {"e009": Decision(Action.DROP)})
    assert outcome.kept.tolist() == [True, True, False, False, False] + [True] * 5
    assert outcome.source[5:].tolist() == ["locked"] * 5
    assert outcome.reasons(9) == ("held_out",)
    assert any("no effect" in line for line in outcome.warnings)
    assert sorted(outcome.rank[5:].tolist()) == [6, 7, 8, 9, 10]


def test_unlocked_held_out_rows_may_go_with_a_warning():
    view = view_of({"el2n": [1, 2, 3]}, splits=["train", "train", "test"])
    outcome = apply_rules(view, Rules(thresholds=(_above(1),), guardrails=FREE))
    assert not outcome.kept[2]
    assert any("1 held-out row " in line for line in outcome.warnings)


def test_ranks_are_taken_over_training_rows():
    view = view_of({"el2n": [1, 2, 3, 9]}, splits=["train"] * 3 + ["test"])
    ranking = rank_rows(view, Rules())
    np.testing.assert_allclose(ranking.composite, [-1 / 3, 0, 1 / 3, 0.5], atol=1e-7)


def test_a_person_wins_over_rules():
    view = view_of({"el2n": [1, 2, 3, 4]}, labels=[0, 0, 0, 1])
    decisions = {
        "e003": Decision(Action.KEEP),
        "e000": Decision(Action.DROP),
        "e002": Decision(Action.RELABEL, "class 1"),
        "e001": Decision(note="odd", reviewed=True),
        "gone": Decision(Action.DROP),
    }
    outcome = apply_rules(view, Rules(thresholds=(_above(2),), guardrails=FREE), decisions)
    assert outcome.kept.tolist() == [False, True, True, True]
    assert outcome.source.tolist() == ["manual", "default", "manual", "manual"]
    assert outcome.reasons(3) == ("composite_above", "manual_keep")
    assert outcome.reasons(2) == ("composite_above", "manual_relabel")
    assert outcome.label_final.tolist() == [0, 0, 1, 1]
    assert view.labels.tolist() == [0, 0, 0, 1]
    assert any("does not have" in line for line in outcome.warnings)


def test_manual_decisions_do_not_move_the_cut():
    view = view_of({"el2n": np.arange(10)})
    rules = Rules(strategy="top_fraction", strategy_params={"keep_fraction": 0.5}, guardrails=FREE)
    without = apply_rules(view, rules).kept
    with_one = apply_rules(view, rules, {"e001": Decision(Action.DROP)}).kept
    assert _ids(view, without != with_one) == ["e001"]


def test_relabeling_counts_where_the_row_ends_up():
    view = view_of({"el2n": [1, 2, 3]}, labels=[0, 0, 1])
    outcome = apply_rules(view, Rules(), {"e002": Decision(Action.RELABEL, "class 0")})
    before, after = train_counts(view, outcome)
    assert (before.tolist(), after.tolist()) == ([2, 1], [3, 0])
    assert emptied_classes(view, outcome) == ("class 1",)


def test_a_row_without_a_composite_is_kept():
    view = view_of({"aum": [np.nan, 1, 2]})
    rules = Rules(strategy="top_fraction", strategy_params={"keep_fraction": 1 / 3}, guardrails=FREE)
    assert _ids(view, apply_rules(view, rules).kept) == ["e000"]


@pytest.mark.parametrize(
    "rules",
    [
        Rules(goal="best"),
        Rules(thresholds=(_above(1, score="loss"),)),
        Rules(strategy="magic"),
        Rules(thresholds=(_above(1, class_name="dog"),)),
        Rules(guardrails=Guardrails(class_cap=2.0)),
        Rules(guardrails=Guardrails(duplicates="all")),
        Rules(strategy_params={"keep_fraction": 0.5}),
    ],
)
def test_senseless_rules_are_refused(rules):
    with pytest.raises(CurationError):
        apply_rules(view_of({"el2n": [1, 2]}), rules)


def test_more_reasons_than_bits_are_refused():
    plain = view_of({"el2n": [1, 2]})
    names = [f"s{k}" for k in range(40)]
    view = replace(plain, scores={name: replace(plain.scores["el2n"], name=name) for name in names})
    thresholds = tuple(Threshold(name, "count", side, 0) for name in names for side in ("above", "below"))
    assert apply_rules(view, Rules(thresholds=thresholds[:55])).kept.all()
    with pytest.raises(RulesError, match="more than one outcome can name"):
        apply_rules(view, Rules(thresholds=thresholds))


def test_an_unknown_label_is_refused():
    with pytest.raises(RulesError, match="not a class"):
        apply_rules(view_of({"el2n": [1, 2]}), Rules(), {"e000": Decision(Action.RELABEL, "dog")})


def _any_rules(rng) -> Rules:
    cuts = (("percentile", float(rng.integers(0, 100))), ("count", float(rng.integers(0, 10))))
    thresholds = tuple(
        Threshold(str(rng.choice(["composite", "el2n", "aum"])), kind, str(rng.choice(["above", "below"])), cut)
        for kind, cut in cuts[: rng.integers(0, 3)]
    )
    strategy = str(rng.choice(["threshold", "top_fraction", "class_balanced", "coverage", "moderate", "uniform"]))
    guard = Guardrails(
        int(rng.integers(0, 12)), float(rng.random()), str(rng.choice(DUPLICATES)), 0.97, bool(rng.random() < 0.8)
    )
    return Rules(
        goal=str(rng.choice(["find_noise", "keep_hard", "keep_clean_core", "remove_redundant"])),
        thresholds=thresholds,
        strategy=strategy,
        guardrails=guard,
        within_class=bool(rng.random() < 0.3),
        group_weights={"difficulty": float(rng.random())},
    )


def _any_decisions(rng, view) -> dict[str, Decision]:
    actions = [Action.KEEP, Action.DROP, Action.RELABEL]
    return {str(key): Decision(actions[rng.integers(3)], "class 1") for key in rng.choice(view.ids, 6, replace=False)}


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 100_000))
def test_what_always_holds(seed):
    rng = np.random.default_rng(seed)
    view = random_view(rng)
    rules, decisions = _any_rules(rng), None
    decisions = _any_decisions(rng, view)
    outcome = apply_rules(view, rules, decisions)
    guard = rules.guardrails
    locked = view.held_out & guard.lock_held_out
    assert outcome.kept[locked].all()
    assert sorted(outcome.rank.tolist()) == list(range(1, len(view) + 1))
    for key, decision in decisions.items():
        row = view.row_of[key]
        if not locked[row]:
            assert outcome.kept[row] == (decision.action != Action.DROP)
            assert outcome.source[row] == "manual"
    assert set(outcome.source[~outcome.kept]) <= {"rule", "manual", "duplicate"}
    for row in np.flatnonzero(~outcome.kept):
        assert outcome.reasons(row)
    assert outcome.lost.tolist() == [int((~outcome.kept & (view.labels == c)).sum()) for c in range(3)]
    losers = outcome.duplicate_of >= 0
    assert not outcome.kept[losers].any()
    for c in range(3):
        rows = (view.labels == c) & ~locked
        by_rule = int((rows & (outcome.source == "rule")).sum())
        assert by_rule <= guard.class_cap * rows.sum() + 1e-9
        if by_rule:
            assert outcome.kept[rows].sum() >= min(guard.class_floor, int(rows.sum()))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 100_000))
def test_rows_may_be_permuted(seed):
    rng = np.random.default_rng(seed)
    view = random_view(rng)
    rules, decisions = _any_rules(rng), _any_decisions(rng, view)
    order = rng.permutation(len(view))
    first, second = apply_rules(view, rules, decisions), apply_rules(permuted(view, order), rules, decisions)
    for name in ("kept", "source", "reason_bits", "rank", "composite", "margin", "label_final"):
        np.testing.assert_array_equal(getattr(first, name)[order], getattr(second, name), err_msg=name)


def test_a_second_asking_gives_the_same_answer():
    view = random_view(np.random.default_rng(3))
    rules = _any_rules(np.random.default_rng(4))
    first, second = apply_rules(view, rules), apply_rules(view, rules)
    np.testing.assert_array_equal(first.kept, second.kept)
    np.testing.assert_array_equal(first.reason_bits, second.reason_bits)


def test_a_view_with_other_scores_remembers_nothing_of_those_before():
    view = random_view(np.random.default_rng(0))
    before = rank_rows(view, Rules()).composite
    turned = {name: replace(column, values=-column.values) for name, column in view.scores.items()}
    for other in (view.with_scores(turned), replace(view, scores=turned)):
        fresh = ScoreView(view.ids, view.labels, view.class_names, view.splits, turned)
        np.testing.assert_array_equal(rank_rows(other, Rules()).composite, rank_rows(fresh, Rules()).composite)
    np.testing.assert_array_equal(rank_rows(view, Rules()).composite, before)
    assert not np.array_equal(rank_rows(other, Rules()).composite, before, equal_nan=True)
