"""Neighbors kept on a map, against the slow way of saying it."""

import numpy as np
import pytest

from core.embeddings.preservation import neighbors_kept


def slowly(coords, neighbors):
    shares = []
    for row, true in enumerate(neighbors):
        apart = ((coords - coords[row]) ** 2).sum(axis=1)
        apart[row] = np.inf
        shares.append(len(set(np.argsort(apart)[: len(true)]) & set(true)) / len(true))
    return np.array(shares)


def nearest(points, k):
    apart = ((points[:, None] - points) ** 2).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    return np.argsort(apart, axis=1)[:, :k]


def test_equals_the_slow_way_and_orders_good_maps_before_bad_ones():
    points = np.random.default_rng(0).normal(size=(300, 5))
    true = nearest(points, 15)
    good = neighbors_kept(points[:, :2], true)
    np.testing.assert_allclose(good, slowly(points[:, :2], true), rtol=1e-6)
    shuffled = neighbors_kept(np.random.default_rng(1).permutation(points[:, :2]), true)
    assert neighbors_kept(points[:, :2], nearest(points[:, :2], 15)) == pytest.approx(1.0)
    # a map without order keeps 15 / 299 of them; its mean over 300 rows stays within a few standard errors of that
    assert good.mean() > 3 * shuffled.mean()
    assert shuffled.mean() == pytest.approx(15 / 299, abs=0.02)


def test_points_at_one_place_and_rows_without_a_place_or_neighbors():
    coords = np.zeros((40, 2), np.float32)
    coords[0] = np.nan
    true = np.tile(np.arange(1, 16), (40, 1))
    true[5] = -1
    kept = neighbors_kept(coords, true)
    assert np.isnan(kept[[0, 5]]).all()
    assert np.isfinite(np.delete(kept, [0, 5])).all()
    assert np.isnan(neighbors_kept(np.zeros((1, 2)), np.zeros((1, 15), int))).all()
