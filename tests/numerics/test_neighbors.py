"""Exact neighbors against scikit-learn, ties, duplicates, blocks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from core.numerics import neighbors
from core.numerics.neighbors import RowOrder, centered, first_copy, nearest_neighbors, squared_distance_blocks
from core.types.errors import Cancelled, CurationError
from core.types.progress import SilentProgress


@pytest.fixture
def points():
    return np.random.default_rng(0).standard_normal((300, 12)).astype(np.float32)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_equals_scikit_learn(points, metric):
    known = NearestNeighbors(n_neighbors=7, metric=metric, algorithm="brute").fit(points.astype(float))
    distances, rows = known.kneighbors()
    found = nearest_neighbors(points, 7, metric=metric)
    assert np.array_equal(found.rows, rows)
    np.testing.assert_allclose(found.distances, distances, rtol=1e-5)
    queries = points[:20] + 0.1
    distances, rows = known.kneighbors(queries)
    found = nearest_neighbors(points, 7, queries=queries, metric=metric)
    assert np.array_equal(found.rows, rows)
    np.testing.assert_allclose(found.distances, distances, rtol=1e-5)


def test_far_from_the_origin_nothing_is_lost(points):
    """Distances of about 1 around 10,000: uncentered float32 products would drown them."""
    far = points.astype(np.float64) + 1e4
    assert np.array_equal(nearest_neighbors(far, 5).rows, nearest_neighbors(far - 1e4, 5).rows)


def test_block_size_plays_no_part(points, monkeypatch):
    whole = nearest_neighbors(points, 6)
    monkeypatch.setattr(neighbors, "_BLOCK_CELLS", 300 * 7)
    monkeypatch.setattr(neighbors, "_SETTLE_CELLS", 12 * 31)
    parts = nearest_neighbors(points, 6)
    assert np.array_equal(parts.rows, whole.rows)
    assert np.array_equal(parts.distances, whole.distances)


def test_ties_fall_to_the_lower_row():
    line = np.array([[0.0], [1.0], [-1.0], [1.0], [-1.0]])
    assert nearest_neighbors(line, 3).rows[0].tolist() == [1, 2, 3]
    assert nearest_neighbors(line, 2).rows[1].tolist() == [3, 0]


def test_copies_are_at_exactly_zero_whatever_their_number(points):
    many = np.vstack([points[:5], np.repeat(points[:1], 200, axis=0)])
    found = nearest_neighbors(many, 4)
    assert not found.distances[0].any()
    assert found.rows[0].tolist() == [5, 6, 7, 8]
    assert found.rows[5].tolist() == [0, 6, 7, 8]


def test_fewer_points_than_neighbors():
    found = nearest_neighbors(np.eye(3), 10)
    assert found.rows.shape == (3, 2)
    with pytest.raises(CurationError, match="no other example"):
        nearest_neighbors(np.ones((1, 2)), 1)
    with pytest.raises(CurationError, match="metric"):
        nearest_neighbors(np.eye(3), 1, metric="manhattan")
    with pytest.raises(CurationError, match="row 1 is not finite"):
        nearest_neighbors(np.array([[0.0], [np.inf]]), 1)


def test_a_zero_vector_has_no_direction():
    found = nearest_neighbors(np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.1]]), 2, metric="cosine")
    assert np.isfinite(found.distances).all()
    assert found.rows[1, 0] == 2


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 30), st.integers(1, 4), st.integers(1, 40), st.integers(0, 10_000))
def test_small_grids_with_many_ties(n, d, k, seed):
    points = np.random.default_rng(seed).integers(0, 3, size=(n, d)).astype(np.float32)
    squares = ((points[:, None] - points[None]) ** 2).sum(axis=-1)
    np.fill_diagonal(squares, np.inf)
    known = np.argsort(squares, axis=1, kind="stable")[:, : min(k, n - 1)]
    assert np.array_equal(nearest_neighbors(points, k).rows, known)


def test_first_copy():
    assert first_copy(np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0], [3.0, 4.0], [0.0, 0.0]])).tolist() == [
        0,
        1,
        0,
        1,
        4,
    ]


def test_cancel_between_two_blocks(points, monkeypatch):
    class Stop(SilentProgress):
        def advance(self, steps: int = 1) -> None:
            raise Cancelled

    monkeypatch.setattr(neighbors, "_BLOCK_CELLS", 3_000)
    (middle,) = centered(points)
    taken = []
    with pytest.raises(Cancelled):
        taken.extend(block for block, _ in squared_distance_blocks(middle, middle, Stop()))
    assert len(taken) <= 1


def test_row_order_is_the_stable_argsort():
    rng = np.random.default_rng(0)
    order = RowOrder(500)
    far = np.where(rng.random(500) < 0.1, np.inf, 1)
    for squared in (rng.random(500), rng.integers(0, 5, 500), np.zeros(500), far):
        squared = squared.astype(np.float32)
        assert np.array_equal(order(squared), np.argsort(squared, kind="stable"))


def test_distances_hold_no_negative_zero():
    points = np.array([[0.0, 0.0], [-0.0, 0.0], [1.0, -1.0]], np.float32)
    ((_, squared),) = squared_distance_blocks(points, -points)
    assert not np.signbit(squared).any()


def test_copies_are_found_among_rows_of_any_type():
    rng = np.random.default_rng(1)
    for kind in (np.float64, np.float32, np.float16, np.int8):
        rows = rng.integers(-2, 3, (200, 3)).astype(kind)
        wanted = [next(j for j in range(200) if np.array_equal(rows[j], row)) for row in rows]
        assert first_copy(rows).tolist() == wanted
