"""KNN-Banzhaf and retrieval importance: enumeration of all subsets, and the bridges between the values."""

from dataclasses import replace

import numpy as np
import pytest
from contracts.world import table, take, tiny_world
from oracles.valuation import (
    banzhaf_by_enumeration,
    inclusion_gradient_by_enumeration,
    knn_utility,
    ranked_utility,
    shapley_by_enumeration,
)

from core.scores import ScoreInputs, score_named
from core.scores.knn_banzhaf import banzhaf_of_ranks
from core.scores.knn_shapley import knn_shapley
from core.scores.retrieval_importance import inclusion_gradient, targets_needed
from core.scores.shared.ranked_neighbors import depth, presence
from core.types.errors import CurationError, DataError
from core.types.evidence import Evidence
from core.types.progress import SilentProgress
from core.types.ranks import spearman

SIZES = [(7, 3), (6, 1), (3, 5), (8, 8), (1, 4)]


def contributions(m, targets=4, seed=0):
    return np.random.default_rng(seed).normal(size=(targets, m))


@pytest.mark.parametrize(("m", "k"), SIZES)
def test_banzhaf_of_ranks_equals_enumeration(m, k):
    c = contributions(m)
    known = [banzhaf_by_enumeration(m, ranked_utility(one, k)) for one in c]
    np.testing.assert_allclose(banzhaf_of_ranks(c, k), known, atol=1e-14)


@pytest.mark.parametrize(("m", "k"), SIZES)
def test_importance_equals_enumeration_at_any_inclusion(m, k):
    c, p = contributions(m), np.random.default_rng(1).random((4, m))
    p[0, :2] = [0.0, 1.0][: min(2, m)]
    known = [inclusion_gradient_by_enumeration(q, ranked_utility(one, k)) for one, q in zip(c, p, strict=True)]
    np.testing.assert_allclose(inclusion_gradient(c, p, k), known, atol=1e-14)


def test_importance_is_the_derivative_of_the_expected_utility():
    """Autograd through U(p) = (1/K) sum_i c_i p_i P(fewer than K before i are present)."""
    import torch

    c, p, k = contributions(12)[0], np.random.default_rng(2).random(12), 4
    present = torch.tensor(p, requires_grad=True)
    before, total = torch.nn.functional.one_hot(torch.tensor(0), k).double(), torch.zeros((), dtype=torch.float64)
    for ci, pi in zip(c, present, strict=True):
        total = total + float(ci) * pi * before.sum() / k
        before = (1 - pi) * before + pi * torch.cat([torch.zeros(1, dtype=torch.float64), before[:-1]])
    total.backward()
    np.testing.assert_allclose(inclusion_gradient(c[None], p[None], k)[0], present.grad.numpy(), atol=1e-14)


def test_importance_at_one_half_is_banzhaf():
    c = contributions(40)
    np.testing.assert_allclose(inclusion_gradient(c, np.full(c.shape, 0.5), 6), banzhaf_of_ranks(c, 6), atol=1e-15)


@pytest.mark.parametrize(("m", "k"), SIZES)
def test_importance_integrated_over_inclusion_is_shapley(m, k):
    """The derivative is a polynomial of degree below M, which ceil(M / 2) Gauss-Legendre nodes integrate exactly."""
    c = contributions(m)
    nodes, weights = np.polynomial.legendre.leggauss(-(-m // 2))
    found = sum(
        w / 2 * inclusion_gradient(c, np.full(c.shape, (1 + x) / 2), k) for x, w in zip(nodes, weights, strict=True)
    )
    known = [shapley_by_enumeration(m, ranked_utility(one, k)) for one in c]
    np.testing.assert_allclose(found, known, atol=1e-14)


def test_integrated_importance_of_matches_is_knn_shapley():
    rng = np.random.default_rng(3)
    points, labels, target = rng.standard_normal((9, 2)), rng.integers(2, size=9), rng.standard_normal((1, 2))
    order = np.argsort(((points - target) ** 2).sum(axis=1))
    match = (labels[order] == 1).astype(float)[None]
    nodes, weights = np.polynomial.legendre.leggauss(5)
    found = np.zeros(9)
    for x, w in zip(nodes, weights, strict=True):
        found[order] += w / 2 * inclusion_gradient(match, np.full((1, 9), (1 + x) / 2), 3)[0]
    np.testing.assert_allclose(found, knn_shapley(points, labels, target, np.array([1]), 3).values, atol=1e-14)


def test_depth_is_where_a_row_stops_to_matter():
    table_ = presence(200, 10)
    heard = table_.sum(axis=1)
    assert (np.diff(heard) <= 1e-15).all()  # rounding of the sum
    rank = depth(10, 1e-9, 10_000)
    assert heard[rank] <= 1e-9 < heard[rank - 1]
    assert 20 < rank < 100  # about 2K plus a few sqrt(K log 1/eps)
    assert depth(10, 1e-9, 15) == 15
    c = contributions(200)  # what is cut off changes no value by more than its chance of being heard
    np.testing.assert_allclose(banzhaf_of_ranks(c[:, :rank], 10), banzhaf_of_ranks(c, 10)[:, :rank], atol=1e-9)
    assert np.abs(banzhaf_of_ranks(c, 10)[:, rank:]).max() <= 1e-9


def blobs(n=60, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    return (4.0 * labels[:, None] + rng.standard_normal((n, 3))).astype(np.float32), labels


def score(name, x, labels, splits=None, groups=None, **params):
    method = score_named(name)
    examples = replace(table(labels, splits), groups=groups)
    inputs = ScoreInputs(examples, Evidence(embedding=x), method.needs)
    return method.compute(inputs, method.params(**params), SilentProgress())


@pytest.mark.parametrize("name", ["knn_banzhaf", "retrieval_importance"])
def test_scores_equal_enumeration_over_held_out_targets(name):
    x, labels = blobs(11)
    splits = np.array(["train"] * 8 + ["valid"] * 3)
    found = score(name, x, labels, splits, k=3, **({} if name == "knn_banzhaf" else {"contribution": "match"}))
    known = np.mean(
        [
            banzhaf_by_enumeration(8, knn_utility(x[:8].astype(float), labels[:8], x[t], labels[t], 3))
            for t in (8, 9, 10)
        ],
        axis=0,
    )
    np.testing.assert_allclose(found.values[:8], known, atol=1e-7)  # stored in single precision
    assert found.undefined == {"held-out row": 3}


def test_without_held_out_rows_each_target_leaves_itself_out():
    x, labels = blobs(9)
    known = np.zeros(9)
    for t in range(9):
        rest = np.delete(np.arange(9), t)
        utility = knn_utility(x[rest].astype(float), labels[rest], x[t], labels[t], 3)
        known[rest] += banzhaf_by_enumeration(8, utility) / 9
    np.testing.assert_allclose(score("knn_banzhaf", x, labels, k=3).values, known, atol=1e-7)


def test_sampled_targets_among_copies_never_rank_themselves():
    x, labels = np.zeros((30, 2), dtype=np.float32), np.arange(30) % 2
    found = score("retrieval_importance", x, labels, k=2, retrieved=5, targets=7)
    assert found.meta["targets"] == 7
    assert found.meta["ranks"] == 5


@pytest.mark.parametrize("name", ["knn_banzhaf", "retrieval_importance", "knn_shapley"])
def test_flipped_labels_come_last(name):
    x, labels = blobs(200)
    given = labels.copy()
    given[:10] = 1 - given[:10]
    splits = np.where(np.arange(200) < 150, "train", "valid")
    values = score(name, x, given, splits).values
    assert set(np.argsort(values)[:10]) == set(range(10))


def test_learned_weights_trust_helpful_rows_and_leave_unseen_ones_at_one_half():
    x, labels = blobs(200)
    given = labels.copy()
    given[:10] = 1 - given[:10]
    splits = np.where(np.arange(200) < 150, "train", "valid")
    found = score("retrieval_importance", x, given, splits, steps=30, contribution="signed", retrieved=20)
    values = found.values[:150]
    assert ((values >= 0) & (values <= 1)).all()
    assert values[:10].max() < values[10:].min() or np.median(values[:10]) < 0.5 < np.median(values[10:])
    one = score("retrieval_importance", x[:150], labels[:150], steps=3, retrieved=1, k=1, targets=2)
    assert (one.values == 0.5).sum() >= 148


def test_learning_raises_the_expected_utility():
    c = np.where(np.random.default_rng(0).random((20, 15)) < 0.6, 1.0, -1.0)
    order = np.stack([np.random.default_rng(i).permutation(15) for i in range(20)])

    def utility(p):  # exact, by the recursion read aloud
        total = 0.0
        for one, ranks in zip(c, order, strict=True):
            before = np.eye(4)[0]
            for i in range(15):
                total += one[i] * p[ranks[i]] * before.sum() / 4 / 20
                before = (1 - p[ranks[i]]) * before + p[ranks[i]] * np.append(0.0, before[:-1])
        return total

    p, path = np.full(15, 0.5), []
    for _ in range(10):
        path.append(utility(p))
        gradient = inclusion_gradient(c, p[order], 4)
        p = np.clip(p + 0.1 * np.bincount(order.ravel(), gradient.ravel()) / 20, 0, 1)
    assert (np.diff(path) > 0).all()


def test_rows_of_one_source_share_their_mean():
    x, labels = blobs(40)
    groups = np.array([f"s{i % 4}" for i in range(40)])
    alone = score("retrieval_importance", x, labels).values
    shared = score("retrieval_importance", x, labels, groups=groups, by_group=True)
    for name in np.unique(groups):
        np.testing.assert_allclose(shared.values[groups == name], alone[groups == name].mean(), rtol=1e-5)
    assert shared.meta["sources"] == 4
    with pytest.raises(DataError, match="no group column"):
        score("retrieval_importance", x, labels, by_group=True)


def test_an_allowed_error_samples_targets_and_is_kept():
    x, labels = blobs(1_500, seed=5)
    exact = score("retrieval_importance", x, labels, k=5, contribution="match").values
    near = score("retrieval_importance", x, labels, k=5, epsilon=0.04, contribution="match")
    assert near.meta["targets"] == targets_needed(0.02, 0.05, 0.4) == 738
    assert near.meta["ranks"] < 50
    # The bound holds for one row with probability .95; the errors of nearly all rows stay inside.
    assert (np.abs(near.values - exact) <= 0.04).mean() >= 0.95


def test_signed_contributions_are_twice_the_matches_less_the_crowding():
    world = tiny_world()
    plain = world.score(score_named("retrieval_importance"), contribution="match")
    signed = world.score(score_named("retrieval_importance"), contribution="signed")
    assert not np.allclose(plain.values, signed.values, equal_nan=True)
    assert np.nanmax(np.abs(signed.values)) <= 2 / 10
    c = contributions(9) > 0
    p = np.full(c.shape, 0.5)
    both = 2 * inclusion_gradient(c.astype(float), p, 3) - inclusion_gradient(np.ones(c.shape), p, 3)
    np.testing.assert_allclose(inclusion_gradient(2.0 * c - 1, p, 3), both, atol=1e-15)


def test_one_row_has_nobody_to_be_valued_for():
    with pytest.raises(CurationError, match="labeled training rows"):
        score("knn_banzhaf", np.ones((1, 2), dtype=np.float32), np.zeros(1, dtype=int))


def test_parts_of_the_targets_show_the_error_of_their_mean():
    world, method = tiny_world(n=90, held_out=20), score_named("retrieval_importance")
    result = world.score(method)
    assert result.per_seed.shape == (5, 90)
    # Four targets in each part: their mean is the mean over all, in single precision.
    np.testing.assert_allclose(result.per_seed.mean(axis=0), result.values, atol=1e-7)
    order = np.random.default_rng(0).permutation(90)
    np.testing.assert_allclose(take(world, order).score(method).per_seed, result.per_seed[:, order], atol=1e-7)
    assert "error" in {check.name for check in result.checks}
    assert world.score(method, steps=2).per_seed is None
    assert tiny_world(n=60, held_out=9).score(method).per_seed is None


def test_contributions_need_not_be_whole_or_few():
    """Fractions, negatives and any number of distinct values: nothing is rounded, nothing overflows."""
    rng = np.random.default_rng(0)
    contribution, present = rng.normal(size=7) / 3, rng.random(7)
    known = inclusion_gradient_by_enumeration(present, ranked_utility(contribution, 3))
    np.testing.assert_allclose(inclusion_gradient(contribution[None], present[None], 3)[0], known, atol=1e-14)
    tiny = contribution / 1000  # would all be 0 in whole hundredths
    np.testing.assert_allclose(inclusion_gradient(tiny[None], present[None], 3)[0], known / 1000, atol=1e-16)


def test_retrieval_importance_orders_as_knn_banzhaf_and_has_no_second_vote():
    world = tiny_world(n=200, held_out=60)
    found = world.score(score_named("retrieval_importance"))
    banzhaf = world.score(score_named("knn_banzhaf"))
    assert spearman(found.values, banzhaf.values) > 0.999
    assert not any(score_named("retrieval_importance").orientation.values())
