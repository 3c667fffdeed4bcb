import numpy as np
import pytest
from oracles.small_views import random_view, view_of

from core.curation.comparing import axis_values, comparable, compare_pair, correlations, quadrant_words, suspected_label
from core.types.errors import RulesError


def test_a_plane_that_is_turned_names_every_row_alike():
    view = view_of({"el2n": np.array([0.1, 0.2, 0.8, 0.9]), "aum": np.array([5.0, -5.0, 4.0, -4.0])})
    words = [quadrant_words("A", "B")[code] for code in compare_pair(view, "el2n", "aum").quadrants]
    turned = [quadrant_words("B", "A")[code] for code in compare_pair(view, "aum", "el2n").quadrants]
    assert words == [", ".join(reversed(said.split(", "))) for said in turned]
    assert len(set(words)) == 4


def test_quadrants_are_named_by_their_ends():
    a, b = np.arange(4.0), np.array([3.0, 0.0, 1.0, 2.0])
    found = compare_pair(view_of({"el2n": a, "duplicate_similarity": b}), "el2n", "duplicate_similarity")
    words = [quadrant_words("A", "B")[code] for code in found.quadrants]
    assert words == ["low A, high B", "low A, low B", "high A, low B", "high A, high B"]


def test_pair_leaves_out_rows_that_miss_one():
    view = random_view(np.random.default_rng(0))
    found = compare_pair(view, "el2n", "aum")
    gone = ~np.isfinite(view.scores["aum"].values)
    assert gone.any()
    assert (found.quadrants[gone] == -1).all()
    assert np.isnan(found.ranks[gone]).all()
    assert found.counts().sum() == found.rows == (~gone).sum()
    assert ((found.ranks[~gone] > 0) & (found.ranks[~gone] < 1)).all()


def test_overlap_follows_the_suspicious_end():
    values = np.arange(100.0)
    same = compare_pair(view_of({"el2n": values, "aum": -values}), "el2n", "aum")  # low AUM is the suspicious end
    assert same.spearman == pytest.approx(-1)
    assert [found.share for found in same.overlaps] == [1, 1, 1]
    other = compare_pair(view_of({"el2n": values, "aum": values}), "el2n", "aum")
    assert [found.share for found in other.overlaps] == [0, 0, 0]


def test_axes_are_the_summaries_and_the_scores():
    view = random_view(np.random.default_rng(0))
    assert comparable(view) == ("difficulty", "label_evidence", *view.scores)
    assert correlations(view).names == tuple(view.scores)
    with pytest.raises(RulesError, match="nothing"):
        axis_values(view, "nothing")


def test_suspected_labels_need_predictions_out_of_fold():
    assert suspected_label(random_view(np.random.default_rng(0))).dtype == bool
    assert suspected_label(view_of({"el2n": np.arange(4.0)})) is None
