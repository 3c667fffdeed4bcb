"""Near-duplicates as the guardrail groups them, words and blocks as models count them, cells in their columns."""

import numpy as np
import pandas as pd
import pytest
from oracles.small_views import view_of

from core import actions
from core.attributions import ImageParts
from dashboard.session.explainer import _stands


def view():
    """Rows 0-1-2 are a chain (0 and 2 linked through 1 alone), 3 and 4 have equal content, 5 is like nobody."""
    neighbors = np.array([[1, 5], [0, 2], [1, 5], [5, 0], [5, 0], [0, 1]], np.int32)
    similar = np.array([[0.995, 0.2], [0.995, 0.992], [0.992, 0.1], [0.3, 0.2], [0.3, 0.2], [0.2, 0.1]], np.float32)
    return view_of(
        {"el2n": np.arange(6.0)},
        [0, 0, 1, 1, 1, 0],
        neighbors=neighbors,
        neighbor_similarity=similar,
        exact_duplicate_of=np.array([0, 1, 2, 3, 3, 5]),
    )


@pytest.mark.parametrize(
    ("row", "rows", "similar"),
    [
        (0, [1, 2], [0.995, np.nan]),
        (1, [0, 2], [0.995, 0.992]),
        (3, [4], [1.0]),
        (4, [3], [1.0]),
        (5, [], []),
    ],
)
def test_the_group_of_a_row_most_similar_first(row, rows, similar):
    found, values = actions.examples.near_duplicates(view(), row, 0.99)
    assert found.tolist() == rows
    assert np.allclose(values, similar, equal_nan=True)


def test_a_lower_threshold_joins_more():
    found, _ = actions.examples.near_duplicates(view(), 0, 0.15)
    assert found.tolist()[0] == 1
    assert set(found.tolist()) == {1, 2, 3, 4, 5}
    assert len(actions.examples.near_duplicates(view(), 0, 0.15, k=2)[0]) == 2


@pytest.mark.parametrize("size", [(28, 28), (32, 48), (5, 9), (1, 1)])
def test_blocks_are_those_that_the_model_covers(size):
    blocks = actions.explanations.image_blocks(*size)
    assert (blocks == ImageParts(size[0], size[1], 3).blocks).all()
    assert blocks.max() + 1 == min(8, size[0]) * min(8, size[1])


def standing(column, value):
    """Where a value stands in its column, known to stand somewhere."""
    stands = _stands(column, value)
    assert stands is not None
    return stands


def test_cells_stand_in_their_columns():
    numbers = pd.Series([1.0, 2.0, 2.0, 3.0, np.nan])
    assert standing(numbers, 2.0).share == pytest.approx(0.5)  # ties count half
    assert standing(numbers, 9.0).words == "percentile 100"
    assert _stands(numbers, np.nan) is None
    words = pd.Series(["a", "a", None, "b"], dtype=object)
    assert standing(words, "a").share == pytest.approx(0.5)
    assert "hold the same" in standing(words, "a").words
