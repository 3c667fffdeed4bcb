"""What a dataset says of its columns, against scikit-learn, enumeration and columns made to matter or not."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.inspection import permutation_importance

from core.attributions.column_importance import (
    Columns,
    aspects_of,
    column_importances,
    forward_selection,
    mean_shap,
    rank_correlation,
    shuffled_drops,
)
from core.types.progress import SilentProgress


@pytest.fixture(scope="module")
def about():
    """Columns: strong, its noisy copy, weak, nothing, and a category of three one-hot columns that does nothing."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 4))
    x[:, 1] = x[:, 0] + 0.05 * rng.normal(size=500)
    labels = (x[:, 0] + 0.4 * x[:, 2] > 0).astype(np.int64)
    matrix = np.hstack([x, np.eye(3)[rng.integers(0, 3, 500)]]).astype(np.float32)
    places = {"strong": (0,), "copy": (1,), "weak": (2,), "nothing": (3,), "kind": (4, 5, 6)}
    return Columns(matrix, places, labels, np.arange(300), np.arange(300, 500), "the test split")


@pytest.fixture(scope="module")
def found(about):
    return column_importances(about, 0, SilentProgress())


def test_correlated_columns_are_one_aspect(about):
    assert ("strong", "copy") in aspects_of(about.matrix, about.places)
    assert sorted(n for names in aspects_of(about.matrix, about.places) for n in names) == sorted(about.places)


def test_a_chain_of_likeness_is_one_aspect():
    rng = np.random.default_rng(1)
    a = rng.normal(size=2000)
    b = a + 0.6 * rng.normal(size=2000)
    c = b + 0.6 * rng.normal(size=2000)
    matrix = np.stack([a, c, b], axis=1)  # a and c meet through b, which comes last
    assert abs(rank_correlation(a, c)) < 0.8 < abs(rank_correlation(a, b))
    assert aspects_of(matrix, {"a": (0,), "c": (1,), "b": (2,)}) == [("a", "c", "b")]


def test_what_matters_comes_first_by_every_measure(found):
    assert found.aspects[0].columns == ("strong", "copy")
    assert found.aspects[1].columns == ("weak",)
    assert found.aspects[0].low > 0
    assert sum(one.built_in for one in found.aspects) == pytest.approx(1.0)
    for measure in ("built_in", "shap"):
        assert max(found.aspects, key=lambda one: getattr(one, measure)) is found.aspects[0]
    nothing = next(one for one in found.aspects if one.columns == ("nothing",))
    assert abs(nothing.drop) < 0.03  # six rows of 200
    assert all(-1 <= value <= 1 for value in found.agreement.values())
    assert len(found.agreement) == 3


class Rule(ClassifierMixin, BaseEstimator):
    """Says class 1 where the first encoded column is above 0."""

    classes_ = np.array([0, 1])

    def fit(self, *_):
        return self

    def predict(self, matrix):
        return (np.asarray(matrix)[:, 0] > 0).astype(np.int64)


def test_shuffles_agree_with_scikit_learn_and_copies_hide_each_other(about):
    held, truth = about.matrix[300:], about.labels[300:]
    places = [[k] for k in range(4)]
    ours = shuffled_drops(Rule(), held, truth, places, np.random.default_rng(0), SilentProgress()).mean(axis=1)
    theirs = permutation_importance(Rule(), held[:, :4], truth, scoring="accuracy", n_repeats=30, random_state=0)
    # ten shuffles of 200 rows: their mean has a standard error of about 0.01
    np.testing.assert_allclose(ours, theirs.importances_mean, atol=0.04)
    assert not ours[1:].any()

    class Both(Rule):
        def predict(self, matrix):
            return ((matrix[:, 0] + matrix[:, 1]) > 0).astype(np.int64)

    alone, together = shuffled_drops(Both(), held, truth, [[0], [0, 1]], np.random.default_rng(0), SilentProgress())
    assert together.mean() > alone.mean() + 0.1


def test_shap_of_an_aspect_is_the_sum_over_its_columns(about):
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(10, max_depth=3, random_state=0).fit(about.matrix[:300], about.labels[:300])
    one, rest = mean_shap(forest, about.matrix[300:330], [list(range(7)), []])
    base = forest.predict_proba(about.matrix[:300]).mean(axis=0)
    # additivity: all columns together move the forest from its base, which weighs bootstrap draws, to its output
    moved = np.abs(forest.predict_proba(about.matrix[300:330]) - base).mean()
    assert one == pytest.approx(moved, abs=0.03)
    assert rest == 0.0


def test_forward_selection_takes_the_best_next_one_and_adds_all(about, found):
    assert found.forward[0].columns == ("strong", "copy")
    assert {step.columns for step in found.forward} == {one.columns for one in found.aspects}
    again = forward_selection(about, [("nothing",), ("strong",)], 0, SilentProgress())
    assert [step.columns for step in again] == [("strong",), ("nothing",)]
    assert again[0].accuracy > 0.75
