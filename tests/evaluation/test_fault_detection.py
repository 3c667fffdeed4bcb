import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.small_views import view_of

from core.curation import goal_rules, rank_rows
from core.evaluation.fault_detection import auroc, average_precision, evaluate_scores, figures, precision_at_k
from core.types.errors import DataError

CASES = st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=40).filter(
    lambda rows: len({truth for _, truth in rows}) == 2
)


@settings(deadline=None, max_examples=30)
@given(CASES)
def test_figures_are_those_of_counting_every_pair_and_every_level(rows):
    value, truth = np.array([v for v, _ in rows], float), np.array([t for _, t in rows])
    pairs = [(f > s) + (f == s) / 2 for f in value[truth] for s in value[~truth]]
    assert auroc(value, truth) == pytest.approx(np.mean(pairs))
    levels = [value >= level for level in value[truth]]  # equal values are found together
    assert average_precision(value, truth) == pytest.approx(np.mean([truth[level].mean() for level in levels]))


@settings(deadline=None, max_examples=30)
@given(CASES)
def test_precision_at_k_is_the_mean_over_tied_orders(rows):
    value, truth = np.array([v for v, _ in rows], float), np.array([t for _, t in rows])
    k = int(truth.sum())
    rng = np.random.default_rng(0)
    drawn = [truth[np.lexsort((rng.random(len(value)), -value))[:k]].mean() for _ in range(400)]
    # standard error of a mean of 400 shares is at most 0.025: five of them
    assert precision_at_k(value, truth, k) == pytest.approx(np.mean(drawn), abs=0.125)


def test_rows_without_a_score_are_left_out_and_counted():
    out = figures(np.array([np.nan, 3, 1, 2]), np.array([True, True, False, False]))
    assert out == {"n": 3, "n_faults": 1, "undefined": 1, "auroc": 1.0, "average_precision": 1.0, "precision_at_k": 1.0}


def test_a_score_without_faults_has_no_figure():
    assert figures(np.array([np.nan, 1.0]), np.array([True, False]))["auroc"] is None


def test_scores_are_read_from_their_suspect_end():
    fault = np.array([True, True, False, False, False, True])
    view = view_of(
        {"el2n": [9, 8, 1, 2, 3, 0], "aum": [-9, -8, 1, 2, 3, 9], "duplicate_similarity": [1, 1, 0, 0, 0, 0]},
        splits=["train"] * 5 + ["test"],
    )
    out = evaluate_scores(view, rank_rows(view, goal_rules(view, "find_noise")).composite, fault)
    assert {n: f["auroc"] for n, f in out["scores"].items()} == {"el2n": 1.0, "aum": 1.0, "duplicate_similarity": 1.0}
    assert {n: f["side"] for n, f in out["scores"].items()} == {
        "el2n": "highest",
        "aum": "lowest",
        "duplicate_similarity": "highest",
    }
    assert out["scores"]["duplicate_similarity"]["oriented_by"] == "inspect_first"
    assert out["composite"]["auroc"] == 1.0
    assert (out["rows"], out["faults"]) == (5, 2)  # the held-out fault stays out


def test_a_key_of_another_dataset_is_refused():
    view = view_of({"el2n": [1, 2]})
    with pytest.raises(DataError, match="0 faults among 2"):
        evaluate_scores(view, np.zeros(2), np.zeros(2, bool))
