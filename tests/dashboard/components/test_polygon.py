"""Lassoed rows against a polygon test that shares nothing with ours."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dashboard.components.polygon import rows_in_polygon


def test_square_and_hidden_rows():
    coords = np.array([[0.5, 0.5], [2, 2], [0.1, 0.9], [np.nan, 0.5]], dtype=np.float32)
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    assert rows_in_polygon(coords, square).tolist() == [0, 2]
    assert rows_in_polygon(coords, square, np.array([False, True, True, True])).tolist() == [2]
    assert len(rows_in_polygon(coords, square[:2])) == 0


@given(st.integers(0, 10_000))
def test_star_shaped_outlines_agree_with_the_angle_each_point_sees(seed):
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
    outline = np.c_[np.cos(angles), np.sin(angles)] * rng.uniform(3, 9, (9, 1))
    coords = rng.uniform(-10, 10, (300, 2)).astype(np.float32)
    ours = np.zeros(300, bool)
    ours[rows_in_polygon(coords, outline)] = True
    # the winding number: corners seen from a point inside turn through a whole circle, from outside through none
    seen = (outline[None] - coords[:, None].astype(np.float64)) @ np.array([1, 1j])
    turned = np.angle(np.roll(seen, -1, axis=1) / seen).sum(axis=1)
    assert (ours == (np.abs(turned) > np.pi)).all()
