"""Near-duplicates go when they are few or when a person agreed, and never at the cost of a class."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.small_views import permuted, random_view, view_of

from core.curation import applied_groups, apply_rules, emptied_classes
from core.curation.duplicates import UNASKED
from core.types.curation import DUPLICATES, Action, Decision, Guardrails, Rules, Threshold

N = 200


def _pairs(near: int, exact: int = 0, labels=None, splits=None):
    """N rows: the first 2 * near are pairs at similarity .995, the next 2 * exact pairs of equal content."""
    neighbors = (np.arange(N, dtype=np.int32) ^ 1)[:, None]
    similarity = np.where(np.arange(N) < 2 * near, 0.995, 0.5).astype(np.float32)[:, None]
    same = np.arange(N)
    same[2 * near + 1 : 2 * (near + exact) : 2] -= 1
    return view_of(
        {"el2n": np.arange(N, dtype=float)},
        labels,
        splits,
        neighbors=neighbors,
        neighbor_similarity=similarity,
        exact_duplicate_of=same,
    )


def _rules(duplicates: str = "keep_best", **more) -> Rules:
    return Rules(guardrails=Guardrails(duplicates=duplicates, **more))


@pytest.mark.parametrize(("near", "gone"), [(10, 10), (11, 0), (80, 0)])
def test_near_duplicates_beyond_a_twentieth_of_the_rows_are_asked_for(near, gone):
    outcome = apply_rules(_pairs(near), _rules())
    assert int((~outcome.kept).sum()) == gone
    asked = outcome.near_duplicates
    assert (asked is None) == (near / N <= UNASKED)
    if asked:
        assert (asked.rows, asked.similarity, asked.limit) == (near, 0.99, 0.05)
        assert asked.share == near / N
        assert asked.text.startswith(f"{near} rows look alike at 0.99: ")
        assert asked.text in outcome.warnings


@pytest.mark.parametrize(("answer", "gone"), [("keep_best", 15), ("keep_best_agreed", 45), ("exact", 15), ("off", 0)])
def test_equal_content_goes_unasked_and_an_answer_is_kept_to(answer, gone):
    outcome = apply_rules(_pairs(near=30, exact=15), _rules(answer))
    assert int((~outcome.kept).sum()) == gone
    assert (outcome.near_duplicates is not None) == (answer == "keep_best")


def test_a_higher_similarity_is_an_answer_too():
    outcome = apply_rules(_pairs(30, 15), _rules(duplicate_similarity=0.999))
    assert outcome.near_duplicates is None
    assert int((~outcome.kept).sum()) == 15


def test_what_is_asked_depends_on_neither_weights_nor_decisions():
    view = _pairs(30)
    asked = apply_rules(view, _rules()).near_duplicates
    decisions = {str(key): Decision(Action.DROP) for key in view.ids[:60:2]}
    rules = replace(_rules(), goal="keep_hard", thresholds=(Threshold("composite", "count", "below", 50),))
    assert apply_rules(view, rules, decisions).near_duplicates == asked


def test_held_out_copies_are_not_asked_for():
    splits = np.where(np.arange(N) < 60, "test", "train")
    assert apply_rules(_pairs(30, splits=splits), _rules()).near_duplicates is None


def test_groups_that_wait_for_an_answer_are_not_written_as_applied():
    view = _pairs(30, 15)
    assert (applied_groups(view, Guardrails()) >= 0).sum() == 30
    assert (applied_groups(view, Guardrails(duplicates="keep_best_agreed")) >= 0).sum() == 90


@pytest.mark.parametrize("floor", [0, 1, 10])
@pytest.mark.parametrize("allow", [False, True])
def test_a_duplicate_never_empties_a_class(floor, allow):
    labels = np.zeros(N, int)
    labels[1] = 1  # the only row of its class, like row 0 of another
    outcome = apply_rules(_pairs(5, labels=labels), _rules(class_floor=floor, allow_empty_class=allow))
    assert outcome.kept[1]
    assert emptied_classes(_pairs(5, labels=labels), outcome) == ()
    assert int((~outcome.kept).sum()) == 4
    assert outcome.source[1] == "guardrail"
    assert outcome.reasons(1) == ("class_floor",)
    assert outcome.duplicate_of[1] == -1


def test_the_floor_of_a_class_holds_for_duplicates():
    labels = np.zeros(N, int)
    labels[:16] = 1  # eight pairs: 16 rows, of which ten stay
    outcome = apply_rules(_pairs(10, labels=labels), _rules(class_floor=10))
    assert int(outcome.kept[:16].sum()) == 10
    assert int((outcome.source[:16] == "guardrail").sum()) == 2
    back = outcome.source == "guardrail"
    lost = outcome.source[:16] == "duplicate"
    assert outcome.rank[back].min() > outcome.rank[:16][lost].max(), "the last to go come back"


def test_a_person_may_empty_a_class_that_a_duplicate_may_not():
    labels = np.zeros(N, int)
    labels[:2] = 1
    view = _pairs(5, labels=labels)
    outcome = apply_rules(view, _rules(class_floor=0), {"e000": Decision(Action.DROP), "e001": Decision(Action.DROP)})
    assert emptied_classes(view, outcome) == ("class 1",)
    moved = apply_rules(view, _rules(class_floor=0), {"e001": Decision(Action.RELABEL, "class 0")})
    assert moved.kept[0], "its twin carries another label now: it is the last of its class"


def test_unlocked_held_out_rows_do_not_stand_in_for_the_last_training_row():
    labels, splits = np.zeros(N, int), np.array(["train"] * N)
    labels[:3], splits[1:3] = 1, "test"
    view = _pairs(5, labels=labels, splits=splits)
    outcome = apply_rules(view, _rules(class_floor=0, lock_held_out=False), {"e001": Decision(Action.KEEP)})
    assert outcome.kept[0]
    assert emptied_classes(view, outcome) == ()


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 100_000))
def test_on_any_data_duplicates_leave_every_class_its_floor(seed):
    rng = np.random.default_rng(seed)
    view = random_view(rng, classes=int(rng.integers(2, 9)))
    guard = Guardrails(int(rng.integers(0, 8)), None, str(rng.choice(DUPLICATES)), 0.95, bool(rng.random() < 0.7))
    decisions = {str(key): Decision(Action.DROP) for key in rng.choice(view.ids, 8, replace=False)}
    outcome = apply_rules(view, Rules(guardrails=guard), decisions)
    locked = view.held_out & guard.lock_held_out
    for c in range(len(view.class_names)):
        rows = (view.labels == c) & ~locked & ~((outcome.source == "manual") & ~outcome.kept)
        assert outcome.kept[rows].sum() >= min(max(guard.class_floor, 1), rows.sum())
        train = rows & ~view.held_out
        assert outcome.kept[train].any() or not train.any()
    order = rng.permutation(len(view))
    again = apply_rules(permuted(view, order), Rules(guardrails=guard), decisions)
    np.testing.assert_array_equal(outcome.kept[order], again.kept)
