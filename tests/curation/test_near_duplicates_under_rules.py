"""Near-duplicates under rules: which row of a group stays, and what a group is."""

from dataclasses import replace

import numpy as np
from oracles.small_views import column, view_of

from core.curation import apply_rules, duplicate_groups
from core.types.curation import Action, Decision, Guardrails, Rules, Threshold

FREE = Guardrails(class_floor=0, class_cap=None, duplicates="off", lock_held_out=False, allow_empty_class=True)

AGREED = Guardrails(class_floor=0, duplicates="keep_best_agreed")  # of a handful of rows any group is a large share


def _above(cut: float, kind: str = "count", score: str = "composite", **more) -> Threshold:
    return Threshold(score, kind, "above", cut, **more)


def _twins(**more):
    similarity = np.array([[1.0], [1.0], [0.2], [0.995], [0.995]], np.float32)
    return view_of(
        {"el2n": [5, 1, 3, 2, 2]},
        neighbors=np.array([[1], [0], [0], [4], [3]], np.int32),
        neighbor_similarity=similarity,
        **more,
    )


def test_of_near_duplicates_the_best_stays():
    view = _twins()
    outcome = apply_rules(view, Rules(guardrails=AGREED))
    assert duplicate_groups(view, 0.99).tolist() == [0, 0, -1, 1, 1]
    assert outcome.kept.tolist() == [False, True, True, True, False]  # lower EL2N; of equals the first id
    assert outcome.duplicate_of.tolist() == [1, -1, -1, -1, 3]
    assert outcome.source.tolist() == ["duplicate", "default", "default", "default", "duplicate"]
    assert apply_rules(view, Rules(guardrails=FREE)).kept.all()


def test_the_similarity_decides_what_is_a_group():
    outcome = apply_rules(_twins(), Rules(guardrails=replace(AGREED, duplicate_similarity=0.999)))
    assert outcome.kept.tolist() == [False, True, True, True, True]


def test_a_chain_of_links_is_one_group():
    view = view_of(
        {"el2n": [3, 2, 1]},
        neighbors=np.array([[1], [2], [1]], np.int32),
        neighbor_similarity=np.ones((3, 1), np.float32),
    )
    outcome = apply_rules(view, Rules(guardrails=AGREED))
    assert outcome.kept.tolist() == [False, False, True]


def test_equal_content_is_a_group_without_neighbors():
    view = view_of({"el2n": [1, 2, 3]}, exact_duplicate_of=np.array([0, 1, 0]))
    assert apply_rules(view, Rules(guardrails=AGREED)).kept.tolist() == [True, True, False]


def test_conflicting_labels_keep_the_better_label_evidence():
    # by goal (keep hard) row 0 would stay; the labels differ, so the higher AUM decides
    view = view_of(
        {"el2n": [9, 1, 2, 3], "aum": [-3, 4, 0, 1]},
        labels=[0, 1, 0, 1],
        classes=2,
        neighbors=np.array([[1], [0], [0], [0]], np.int32),
        neighbor_similarity=np.array([[1], [1], [0], [0]], np.float32),
    )
    rules = Rules(goal="keep_hard", guardrails=AGREED)
    assert apply_rules(view, rules).kept.tolist() == [False, True, True, True]
    agreed = apply_rules(view, rules, {"e001": Decision(Action.RELABEL, "class 0")})
    assert agreed.kept.tolist() == [False, True, True, True]  # the relabeled row was also kept by hand
    same = replace(view, labels=np.array([0, 0, 0, 1]))
    assert apply_rules(same, rules).kept.tolist() == [True, False, True, True]


def test_a_row_kept_by_hand_stands_for_its_group():
    rules = Rules(guardrails=AGREED)
    kept = apply_rules(_twins(), rules, {"e000": Decision(Action.KEEP)})
    assert kept.kept.tolist() == [True, False, True, True, False]
    dropped = apply_rules(_twins(), rules, {"e001": Decision(Action.DROP)})
    assert dropped.kept.tolist() == [True, False, True, True, False]
    assert dropped.source[0] == "default"


def test_likeness_alone_never_empties_a_group():
    view = replace(_twins(), scores={"duplicate_similarity": column("duplicate_similarity", [1, 1, 0.2, 0.9, 0.9])})
    rules = Rules(
        goal="remove_redundant",
        thresholds=(_above(0.5, "value", "duplicate_similarity"),),
        guardrails=replace(AGREED, class_cap=None),
    )
    outcome = apply_rules(view, rules)
    assert outcome.kept.tolist() == [True, False, True, True, False]
    assert outcome.source[0] == "guardrail"
    assert outcome.reasons(0) == ("duplicate_similarity_above", "duplicate_best")


def test_a_suspect_best_may_still_go_for_noise():
    outcome = apply_rules(
        _twins(), Rules(thresholds=(_above(0.5, "value", "el2n"),), guardrails=replace(AGREED, class_cap=None))
    )
    assert not outcome.kept.any()


def test_a_training_row_is_not_dropped_for_a_held_out_twin():
    view = view_of(
        {"el2n": [1, 2]},
        splits=["train", "test"],
        neighbors=np.array([[1], [0]], np.int32),
        neighbor_similarity=np.ones((2, 1), np.float32),
    )
    assert apply_rules(view, Rules(guardrails=AGREED)).kept.all()
