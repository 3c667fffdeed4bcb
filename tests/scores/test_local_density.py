"""Local outlier factor, Mahalanobis distance, cluster rarity, kNN label agreement: scikit-learn and planted cases."""

import warnings

import numpy as np
import pytest
from contracts.world import table, tiny_world
from sklearn.covariance import LedoitWolf
from sklearn.neighbors import KNeighborsClassifier, LocalOutlierFactor

from core.scores import ScoreInputs, score_named
from core.scores.mahalanobis import fit_classes
from core.scores.shared.centers import equity_weight
from core.types.errors import CurationError, DataError
from core.types.evidence import Evidence
from core.types.progress import SilentProgress


def score(name, embedding, labels=None, splits=None, **params):
    method = score_named(name)
    labels = np.arange(len(embedding)) % 3 if labels is None else labels
    inputs = ScoreInputs(table(labels, splits), Evidence(embedding=np.asarray(embedding)), method.needs)
    return method.compute(inputs, method.params(**params), SilentProgress())


@pytest.fixture
def points():
    return np.random.default_rng(0).standard_normal((200, 8)).astype(np.float32)


@pytest.mark.parametrize("k", [5, 20])
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_lof_is_scikit_learns_on_the_points(points, k, metric):
    model = LocalOutlierFactor(n_neighbors=k, metric=metric, algorithm="brute").fit(points)
    np.testing.assert_allclose(
        score("lof", points, k=k, metric=metric).values, -model.negative_outlier_factor_, rtol=1e-4
    )


def test_lof_with_copies_is_scikit_learns_too():
    points = np.vstack([np.zeros((8, 2)), np.random.default_rng(0).standard_normal((40, 2))]).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known = -LocalOutlierFactor(n_neighbors=5, algorithm="brute").fit(points.astype(float)).negative_outlier_factor_
    found = score("lof", points, k=5)
    np.testing.assert_allclose(found.values, known, rtol=1e-4)
    assert [c.light for c in found.checks if c.name == "copies"] == ["amber"]
    assert any(c.text.startswith("8 examples") for c in found.checks)


def test_lof_finds_what_is_outside_a_dense_group_beside_a_sparse_one():
    rng = np.random.default_rng(1)
    dense, sparse = 0.05 * rng.standard_normal((60, 2)), 10 + 2.0 * rng.standard_normal((60, 2))
    points = np.vstack([dense, sparse, [[0.6, 0.6]]])
    assert score("lof", points, k=10).values.argmax() == 120
    assert score("knn_distance", points, k=10).values.argmax() != 120
    assert np.median(score("lof", points, k=10).values) == pytest.approx(1.0, abs=0.1)


def classes_of(n=300, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    spread = np.diag([1.0, 4.0, 0.2, 1.0])
    return (5 * np.eye(3, 4)[labels] + rng.standard_normal((n, 4)) @ spread).astype(np.float32), labels


def test_mahalanobis_is_scikit_learns_on_held_out_rows():
    x, labels = classes_of()
    splits = np.where(np.arange(300) < 240, "train", "valid")
    train = x[:240].astype(float)
    means = np.stack([train[labels[:240] == c].mean(axis=0) for c in range(3)])
    model = LedoitWolf(assume_centered=True).fit(train - means[labels[:240]])
    squares = np.stack([model.mahalanobis(x.astype(float) - m) for m in means], axis=1)
    found = score("mahalanobis", x, labels, splits)
    np.testing.assert_allclose(found.values[240:], np.sqrt(squares.min(axis=1))[240:], rtol=1e-4)
    own = score("mahalanobis", x, labels, splits, to="own").values
    np.testing.assert_allclose(own[240:], np.sqrt(squares[np.arange(300), labels])[240:], rtol=1e-4)
    assert found.meta["shrinkage"] == pytest.approx(model.shrinkage_)


def test_a_training_row_is_left_out_of_its_own_class_mean():
    x, labels = classes_of()
    model = fit_classes(x.astype(float), labels)
    whitened = x.astype(float) @ model.whitening
    own = score("mahalanobis", x, labels, to="own").values
    for i in (0, 1, 2, 77):
        rest = (labels == labels[i]) & (np.arange(300) != i)
        assert own[i] == pytest.approx(np.linalg.norm(whitened[i] - whitened[rest].mean(axis=0)), rel=1e-4)


def test_mahalanobis_counts_in_units_of_the_spread_whatever_the_coordinates():
    x, labels = classes_of()
    stretch = np.random.default_rng(2).standard_normal((4, 4))
    plain = score("mahalanobis", x, labels, shrinkage="0").values
    moved = score("mahalanobis", x @ stretch + 3, labels, shrinkage="0").values
    np.testing.assert_allclose(moved, plain, rtol=1e-3)
    assert score("mahalanobis", x, labels, shrinkage="1").meta["shrinkage"] == 1.0
    with pytest.raises(CurationError, match="shrinkage"):
        score("mahalanobis", x, labels, shrinkage="1.5")


def test_the_only_row_of_a_class_does_not_look_typical():
    x, labels = classes_of(60)
    x[0], labels[0] = 40.0, 3
    found = score("mahalanobis", x, labels)
    assert found.values.argmax() == 0
    alone = score("mahalanobis", x, labels, to="own")
    assert alone.undefined == {"no other row of its class": 1}
    assert np.isnan(alone.values[0])


def test_mahalanobis_where_nothing_spreads():
    with pytest.raises(DataError, match="no spread"):
        score("mahalanobis", np.eye(3), np.arange(3))
    assert np.isfinite(score("mahalanobis", np.ones((12, 3))).values).all()
    flat = np.hstack([np.random.default_rng(0).standard_normal((30, 2)), np.ones((30, 5))])
    assert np.isfinite(score("mahalanobis", flat, shrinkage="0").values).all()


def test_published_loss_weights_at_their_ends():
    assert equity_weight(np.array([0.0]))[0] == 1.0
    assert equity_weight(np.array([1.0]), eta=3.0)[0] == 3.0 / 4.0
    assert equity_weight(np.array([0.5]))[0] == pytest.approx((1 + 0.5**5) / 2)
    assert (np.diff(equity_weight(np.linspace(0, 1, 11))) < 0).all()


def test_rows_of_a_small_cluster_are_rare():
    rng = np.random.default_rng(0)
    sizes = (70, 20, 10)
    groups = np.repeat(np.arange(3), sizes)
    points = 50 * np.eye(3)[groups] + rng.standard_normal((100, 3))
    found = score("cluster_rarity", points, clusters=3)
    np.testing.assert_allclose(found.values, 1 - np.array([0.7, 0.2, 0.1])[groups], atol=1e-6)
    weight = score("cluster_rarity", points, clusters=3, given_as="weight").values
    np.testing.assert_allclose(weight, equity_weight(np.array([0.7, 0.2, 0.1]))[groups], rtol=1e-6)
    assert score("cluster_rarity", points).meta["clusters"] == 7  # sqrt(100 / 2)
    np.testing.assert_allclose(score("cluster_rarity", np.ones((5, 2))).values, 0.0)  # one point, one cluster


@pytest.mark.parametrize("weights", ["uniform", "similarity"])
def test_agreement_is_scikit_learns_vote_without_the_row_itself(points, weights):
    labels = np.random.default_rng(1).integers(3, size=200)

    def fading(distances):
        return np.exp(-((distances / distances[:, -1:]) ** 2))

    found = score("knn_label_agreement", points, labels, k=7, weights=weights)
    for i in range(0, 200, 9):
        rest = np.arange(200) != i
        vote = KNeighborsClassifier(7, weights=fading if weights == "similarity" else "uniform", algorithm="brute")
        known = vote.fit(points[rest], labels[rest]).predict_proba(points[i : i + 1])[0, labels[i]]
        assert found.values[i] == pytest.approx(known, abs=1e-5)


def test_agreement_of_held_out_rows_asks_training_rows_alone(points):
    labels = np.random.default_rng(1).integers(3, size=200)
    splits = np.where(np.arange(200) < 150, "train", "test")
    found = score("knn_label_agreement", points, labels, splits, weights="uniform")
    vote = KNeighborsClassifier(10, algorithm="brute").fit(points[:150], labels[:150]).predict_proba(points[150:])
    np.testing.assert_allclose(found.values[150:], vote[np.arange(50), labels[150:]], atol=1e-6)
    assert not found.undefined


def test_flipped_labels_disagree_with_their_neighbors():
    x, labels = classes_of(150)
    x[:, 1:3] = 0.3 * x[:, 1:3] + 5 * np.eye(3)[labels][:, 1:3]  # three groups far apart
    given = labels.copy()
    given[:8] = (given[:8] + 1) % 3
    found = score("knn_label_agreement", x, given)
    assert set(np.argsort(found.values)[:8]) == set(range(8))
    assert found.values.min() >= 0
    assert found.values.max() <= 1
    assert found.skill > 0.5


def test_agreement_of_copies_and_of_too_few_rows():
    same = score("knn_label_agreement", np.ones((12, 2)), np.arange(12) % 2, k=50)
    assert same.meta["k"] == 11
    np.testing.assert_allclose(same.values, 5 / 11, rtol=1e-6)
    with pytest.raises(DataError, match="two labeled"):
        score("knn_label_agreement", np.ones((1, 2)), np.zeros(1, dtype=int))
    assert np.isnan(tiny_world().score(score_named("knn_label_agreement")).values).sum() == 3
