"""Planted flips: what is planted, what is found, and weights that a grid search cannot beat."""

import json

import numpy as np
import pytest

from core.composite import normalise
from core.evaluation.fault_detection import auroc
from core.evaluation.rescoring import testable as sort_out
from core.evaluation.self_test import (
    equal_weights,
    measure,
    non_negative_weights,
    penalised_loss,
    plant_flips,
    recall_of,
    with_suggested_weights,
)
from core.types.checks import SelfTestResult
from core.types.curation import Rules
from core.types.errors import DataError
from core.types.ranks import average_rank


def test_flips_are_counted_symmetric_and_only_among_the_rows():
    labels = np.random.default_rng(0).integers(0, 4, 4000)
    rows = np.arange(0, 4000, 2)
    changed, flipped = plant_flips(labels, rows, 0.3, 1)
    assert len(flipped) == 600
    assert np.isin(flipped, rows).all()
    assert np.array_equal(np.flatnonzero(changed != labels), flipped)
    moves = np.bincount((changed[flipped] - labels[flipped]) % 4, minlength=4)
    assert moves[0] == 0
    assert (abs(moves[1:] - 200) < 5 * np.sqrt(600 * (1 / 3) * (2 / 3))).all()  # five standard deviations
    assert np.array_equal(changed, plant_flips(labels, rows, 0.3, 1)[0])


@pytest.mark.parametrize(
    ("labels", "flip"), [(np.zeros(500, int), 0.1), (np.arange(500) % 2, 0.01), (np.arange(500) % 2, 0.9)]
)
def test_too_little_to_plant_is_said(labels, flip):
    with pytest.raises(DataError, match="too little to plant"):
        plant_flips(labels, np.arange(500), flip, 0)


def test_recall_counts_by_hand():
    suspicion = np.arange(100.0)[::-1]
    flipped = np.zeros(100, bool)
    flipped[[0, 3, 7, 15, 60]] = True
    found = recall_of("el2n", suspicion, flipped)
    assert found.inspected == (0.05, 0.10, 0.20)
    assert found.recall == pytest.approx((2 / 5, 3 / 5, 4 / 5))
    assert all(low < r < high for low, r, high in zip(found.low, found.recall, found.high, strict=True))


def scores(n=600, seed=0):
    """Two scores that know the flips, each with errors of its own, and one that knows nothing."""
    rng = np.random.default_rng(seed)
    flipped = rng.random(n) < 0.1
    return {
        "el2n": rng.normal(size=n) + 1.5 * flipped,
        "label_quality": rng.normal(size=n) + 1.5 * flipped,
        "aum": rng.normal(size=n),
    }, flipped


GROUPS = {"el2n": "difficulty", "label_quality": "label_quality", "aum": "dynamics"}


def test_weights_are_the_best_of_a_grid():
    found, flipped = scores()
    matrix = np.column_stack([normalise(found[n]) for n in ("el2n", "aum")]).astype(float)
    weights = non_negative_weights(matrix, flipped)
    assert (weights >= 0).all()
    best = min(penalised_loss(np.array([*weights, b]), matrix, flipped)[0] for b in np.linspace(-8, 2, 401))
    grid = np.linspace(0, 1.5 * weights.max(), 31)
    tried = min(
        penalised_loss(np.array([a, c, b]), matrix, flipped)[0]
        for a in grid
        for c in grid
        for b in np.linspace(-8, 2, 81)
    )
    assert best <= tried + 1e-5  # the intercept's own grid is 0.025 wide


def test_the_gradient_is_the_slope():
    found, flipped = scores(80)
    matrix = np.column_stack([normalise(v) for v in found.values()]).astype(float)
    w = np.array([0.3, 1.2, 0.0, -1.0])
    _, slope = penalised_loss(w, matrix, flipped.astype(float))
    for i in range(4):
        step = np.eye(4)[i] * 1e-5
        rise = penalised_loss(w + step, matrix, flipped)[0] - penalised_loss(w - step, matrix, flipped)[0]
        assert slope[i] == pytest.approx(rise / 2e-5, abs=1e-7)


def test_two_scores_with_errors_of_their_own_beat_the_best_alone():
    found, flipped = scores()
    result = measure(found, flipped, GROUPS, key="k", flip=0.1, seed=0, not_tested={})
    assert result.weights["aum"] < 0.2 < min(result.weights["el2n"], result.weights["label_quality"])
    assert max(result.weights.values()) == 1.0
    gains = {gain.over: gain for gain in result.gains}
    assert gains["the best single score"].low > 0
    assert gains["equal weights"].low > 0
    assert SelfTestResult.from_json(json.loads(json.dumps(result.to_json()))) == result


def test_scores_of_pure_noise_gain_nothing():
    rng = np.random.default_rng(3)
    found = {name: rng.normal(size=500) for name in GROUPS}
    result = measure(found, rng.random(500) < 0.1, GROUPS, key="k", flip=0.1, seed=0, not_tested={})
    assert all(gain.low <= 0 for gain in result.gains)


def test_applied_weights_rank_as_the_weighted_mean_of_ranks():
    from oracles.small_views import view_of

    from core.curation import rank_rows

    found, flipped = scores(200)
    values = {"el2n": found["el2n"], "label_quality": -found["label_quality"], "aum": -found["aum"]}
    result = measure(found, flipped, GROUPS, key="k", flip=0.1, seed=0, not_tested={"influence": "too dear"})
    rules = with_suggested_weights(Rules(goal="find_noise"), result)
    assert rules.score_weights["influence"] == 0.0
    view = view_of(values, labels=np.zeros(200, int))
    expected = sum(w * (average_rank(found[n]) - 0.5) / 200 for n, w in result.weights.items())
    composite = rank_rows(view, rules).composite.astype(float)
    total = sum(result.weights.values())
    assert composite == pytest.approx(expected / total - 0.5, abs=2e-3)  # group weights are kept to three digits


def test_equal_weights_average_inside_groups_first():
    terms = {"a": np.array([1.0, 0.0]), "b": np.array([0.0, 0.0]), "c": np.array([0.0, 1.0])}
    assert equal_weights(terms, {"a": "g", "b": "g", "c": "h"}).tolist() == [0.25, 0.5]


def test_missing_values_are_neutral():
    found, flipped = scores(300)
    found["el2n"][:50] = np.nan
    result = measure(found, flipped, GROUPS, key="k", flip=0.1, seed=0, not_tested={})
    assert np.isfinite([w for w in result.weights.values()]).all()


def test_what_cannot_be_tested_says_why():
    methods, why = sort_out(["el2n", "vog", "knn_shapley", "duplicate_similarity"], inputs=True)
    assert [m.name for m in methods] == ["el2n", "knn_shapley"]
    assert set(why) == {"vog", "duplicate_similarity"}
    methods, why = sort_out(["el2n", "knn_shapley"], inputs=False)
    assert [m.name for m in methods] == ["knn_shapley"]
    assert "nothing to train here" in why["el2n"]


def test_bootstrap_auroc_with_weights_one_is_auroc():
    from core.evaluation.self_test import _weighted_auroc

    found, flipped = scores(120)
    values = np.round(found["el2n"], 1)  # ties
    place = np.unique(-values, return_inverse=True)[1]
    assert _weighted_auroc(place, flipped, np.ones(120)) == pytest.approx(auroc(values, flipped))
