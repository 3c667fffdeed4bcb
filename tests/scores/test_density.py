"""kNN distance, duplicate similarity, prototype distance: against scikit-learn, geometry, planted cases."""

from dataclasses import replace

import numpy as np
import pytest
from contracts.world import table
from sklearn.neighbors import NearestNeighbors
from sklearn.svm import SVC

from core.numerics.neighbors import centered
from core.scores import ScoreInputs, score_named
from core.scores.shared.centers import fit_centers, nearest_center, own_order
from core.types.errors import CurationError
from core.types.evidence import Evidence
from core.types.progress import SilentProgress


def score(name, embedding, classes=3, seed=0, **params):
    method = score_named(name)
    labels = np.arange(len(embedding)) % classes
    inputs = ScoreInputs(table(labels, classes=classes), Evidence(embedding=np.asarray(embedding)), method.needs, seed)
    return method.compute(inputs, method.params(**params), SilentProgress())


@pytest.fixture
def points():
    return np.random.default_rng(0).standard_normal((200, 8)).astype(np.float32)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_knn_distance_is_scikit_learns(points, metric):
    known = NearestNeighbors(n_neighbors=10, metric=metric).fit(points).kneighbors()[0].mean(axis=1)
    np.testing.assert_allclose(score("knn_distance", points, metric=metric).values, known, rtol=1e-4)


def test_knn_distance_singles_out_the_outlier(points):
    assert score("knn_distance", np.vstack([points, 20 * np.ones((1, 8))])).values.argmax() == 200
    few = score("knn_distance", points[:4])
    assert few.meta["k"] == 3
    assert few.checks[0].light == "amber"
    with pytest.raises(CurationError, match="no other example"):
        score("knn_distance", points[:1], classes=1)


def test_duplicate_similarity_is_one_for_copies_alone(points):
    doubled = np.vstack([points, points[:3], 1.001 * points[3:4]])
    values = score("duplicate_similarity", doubled).values
    np.testing.assert_array_equal(values[[0, 1, 2, 200, 201, 202]], 1.0)
    assert 0.999 < values[3] < 1.0
    assert values[4:200].max() < 0.99


def test_duplicate_similarity_is_the_cosine_where_lengths_are_equal():
    angles = np.array([0.0, 0.3, np.pi, np.pi + 0.3])  # opposite pairs: their mean is 0
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    np.testing.assert_allclose(score("duplicate_similarity", ring).values, np.cos(0.3), rtol=1e-5)


def test_points_on_one_ray_are_not_copies():
    ray = np.array([[1.0], [3.0], [-4.0]])
    values = score("duplicate_similarity", ray).values
    np.testing.assert_allclose(values[:2], 1 - 4 / 10, rtol=1e-6)  # a plain cosine would call them identical


def test_all_examples_alike():
    assert np.array_equal(score("duplicate_similarity", np.ones((5, 3))).values, np.ones(5))
    assert np.array_equal(score("knn_distance", np.ones((5, 3))).values, np.zeros(5))
    assert np.array_equal(score("prototype_distance", np.ones((5, 3))).values, np.zeros(5))


def test_points_at_the_centers_are_at_zero():
    corners = np.repeat(10 * np.eye(3), 20, axis=0)
    np.testing.assert_allclose(score("prototype_distance", corners).values, 0.0, atol=1e-5)


def test_prototype_distance_ignores_rotation_and_place(points):
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((8, 8)))[0]
    # Each start finds a center for each far-apart group, whatever the coordinates.
    groups = points + 30 * np.eye(8)[np.arange(200) % 3]
    plain = score("prototype_distance", groups).values
    np.testing.assert_allclose(score("prototype_distance", groups @ turn + 5).values, plain, rtol=1e-3)


def test_prototype_distance_is_the_distance_to_the_nearest_center(points):
    centers = fit_centers(points, 4, seed=0)
    known = np.linalg.norm(points[:, None].astype(float) - centers[None], axis=-1).min(axis=1)
    np.testing.assert_allclose(nearest_center(points, centers), known, rtol=1e-5)


def test_prototypes_follow_the_setting(points):
    assert score("prototype_distance", points).meta["clusters"] == 3
    many = score("prototype_distance", points, clusters=50, starts=2)
    assert many.per_seed.shape == (2, 200)
    assert many.values.mean() < score("prototype_distance", points).values.mean()


def test_prototypes_of_what_the_networks_see():
    from contracts.world import tiny_world

    world, method = tiny_world(), score_named("prototype_distance")
    params = method.params(features="network", starts=2)
    inputs = replace(world.inputs(method), needs=method.needs_with(params))
    result = method.compute(inputs, params, SilentProgress())
    assert result.per_seed.shape == (4, 60)  # two starts for each of two networks
    last = [c for c in world.evidence.checkpoints if c.checkpoint.epoch == 6]
    (points,) = centered(last[1].features)
    rng = np.random.default_rng(0)
    seed = int(rng.integers(2**31, size=2)[1])
    known = nearest_center(points, fit_centers(own_order(points, np.random.default_rng(0)), 3, seed))
    np.testing.assert_allclose(result.per_seed[3], known, rtol=1e-5)
    assert result.meta["embedding"] == "features of 2 networks"
    with pytest.raises(CurationError, match="without declaring"):
        method.compute(world.inputs(method), params, SilentProgress())
    spoiled = [replace(c, features=np.where(np.arange(60)[:, None] == 7, np.nan, c.features)) for c in last]
    with pytest.raises(CurationError, match="row 7"):
        method.compute(replace(inputs, evidence=Evidence(checkpoints=tuple(spoiled))), params, SilentProgress())


def test_keeping_the_hard_pays_when_rows_are_many_and_the_easy_when_they_are_few():
    """The crossover of the teacher-student perceptron (Sorscher et al. 2022): distance to the boundary as difficulty.

    The student (largest margin) sees the half of n rows nearest to the boundary, or farthest from it.
    """
    few, many = ([mean_angle(n, hard) for hard in (True, False)] for n in (24, 1000))
    assert few[0] > 1.05 * few[1]
    assert many[0] < 0.85 * many[1]


def mean_angle(n, hard, width=20, trials=12) -> float:
    """Between teacher and student, in radians."""
    rng, found = np.random.default_rng(0), []
    for _ in range(trials):
        teacher = rng.standard_normal(width)
        x = rng.standard_normal((n, width))
        order = np.argsort(np.abs(x @ teacher))
        kept = x[order[: n // 2] if hard else order[n // 2 :]]
        student = SVC(kernel="linear", C=1e4).fit(kept, kept @ teacher > 0).coef_[0]
        found.append(np.arccos(student @ teacher / np.linalg.norm(student) / np.linalg.norm(teacher)))
    return float(np.mean(found))
