"""Rank correlation and overlap of the first rows, against scipy and plain sets."""

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from core.composite import rank_correlation, top_overlap
from core.types.ranks import average_rank


def _columns(size=200, seed=0):
    rng = np.random.default_rng(seed)
    base = rng.normal(size=size)
    columns = {
        "a": base.astype(np.float32),
        "b": np.round(base + rng.normal(size=size), 1).astype(np.float32),  # ties
        "c": -base.astype(np.float32),
        "d": rng.normal(size=size).astype(np.float32),
    }
    columns["b"][::7] = np.nan
    columns["d"][3::5] = np.nan
    return columns


def test_matrix_is_scipys_over_the_rows_both_have():
    columns = _columns()
    found = rank_correlation(columns)
    for i, a in enumerate(columns.values()):
        for j, b in enumerate(columns.values()):
            both = np.isfinite(a) & np.isfinite(b)
            assert found.rows[i, j] == both.sum()
            # both sum 200 products in float64: they differ in the last digits alone
            assert found.matrix[i, j] == pytest.approx(spearmanr(a[both], b[both]).statistic, abs=1e-12)
    assert found.matrix[0, 2] == pytest.approx(-1)
    assert found.sampled == found.total == 200


def test_what_cannot_be_compared_is_nan_with_its_count():
    columns = {"a": np.array([1, 2, np.nan, np.nan]), "b": np.array([np.nan, 1, 2, 3.0]), "flat": np.ones(4)}
    found = rank_correlation(columns)
    assert found.rows[0, 1] == 1
    assert np.isnan(found.matrix[0, 1])
    assert np.isnan(found.matrix[1, 2])
    assert np.isnan(found.matrix[2, 2])
    assert rank_correlation({}).matrix.shape == (0, 0)


def test_many_rows_are_sampled_and_said():
    columns = _columns(5000)
    found = rank_correlation(columns, most=1000)
    assert (found.sampled, found.total) == (1000, 5000)
    whole = rank_correlation(columns)
    # the standard error of a correlation over 1,000 rows is about 0.03: four of them
    np.testing.assert_allclose(found.matrix, whole.matrix, atol=0.13)
    np.testing.assert_array_equal(found.matrix, rank_correlation(columns, most=1000).matrix)


def test_ranks_share_ties():
    values = np.array([3, 1, 3, 2, 1], np.float32)
    np.testing.assert_array_equal(average_rank(values), rankdata(values))
    assert len(average_rank(np.array([], np.float32))) == 0


def test_overlap_of_the_first_rows_is_that_of_sets():
    columns = _columns(300)
    tie = np.random.default_rng(1).permutation(300)
    a, b = columns["a"], columns["b"]
    rows = [r for r in range(300) if np.isfinite(a[r]) and np.isfinite(b[r])]
    for found in top_overlap(a, b, tie, (0.01, 0.1, 0.5)):
        count = max(1, round(found.fraction * len(rows)))
        first, second = (set(sorted(rows, key=lambda r: (-c[r], tie[r]))[:count]) for c in (a, b))
        assert (found.count, found.shared) == (count, len(first & second))
        assert found.jaccard == pytest.approx(len(first & second) / len(first | second))
        assert found.share == pytest.approx(len(first & second) / count)


def test_overlap_with_itself_is_whole_and_without_rows_none():
    a = _columns()["b"]
    tie = np.arange(len(a))
    assert all(found.share == found.jaccard == 1 for found in top_overlap(a, a, tie))
    gone = top_overlap(np.full(3, np.nan), np.ones(3), np.arange(3))
    assert [(found.count, found.share, found.jaccard) for found in gone] == [(0, 0.0, 0.0)] * 3
