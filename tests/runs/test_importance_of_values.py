"""The mean of a score per value of a column: a slow twin, and what it refuses."""

import numpy as np
import pandas as pd
import pytest
from oracles.small_views import view_of
from scipy import stats

from core.actions.importance import importance_of_values
from core.types.errors import CurationError

SCORE = np.array([1.0, 2, 4, 8, 9, np.nan, 100])
SOURCES = ["web", "web", "book", "book", "book", "web", "web"]


@pytest.fixture
def view():
    columns = pd.DataFrame({"source": SOURCES})
    labels, splits = [0, 0, 0, 1, 1, -1, 1], ["train"] * 6 + ["test"]
    return view_of({"el2n": SCORE}, labels=labels, splits=splits, columns=columns)


def test_means_and_intervals_are_students(view):
    values = {one.value: one for one in importance_of_values(view, "source", "el2n")}
    for name in ("web", "book"):
        own = np.array([s for s, source in zip(SCORE[:5], SOURCES[:5], strict=True) if source == name])
        low, high = stats.t.interval(0.95, len(own) - 1, own.mean(), stats.sem(own))
        one = values[name]
        assert (one.rows, one.mean) == (len(own), pytest.approx(own.mean()))
        assert (one.low, one.high) == (pytest.approx(low), pytest.approx(high))
        assert one.share == pytest.approx((own - 1).sum() / (SCORE[:5] - 1).sum())
    assert sum(one.share for one in values.values()) == pytest.approx(1)


def test_the_largest_comes_first_and_labels_have_their_names(view):
    assert [one.value for one in importance_of_values(view, "label", "el2n")] == ["class 1", "class 0"]


def test_what_is_not_there_is_said(view):
    with pytest.raises(CurationError, match="no column 'place'"):
        importance_of_values(view, "place", "el2n")
    with pytest.raises(CurationError, match="which this run does not have"):
        importance_of_values(view, "label", "aum")
