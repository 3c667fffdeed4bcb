"""The formulas of the weights for training against slow twins, and what holds for any of them."""

import numpy as np
import pytest
from oracles.small_views import view_of

from core.curation import ScoreColumn, apply_rules
from core.export.weights import WEIGHTS, WeightInputs, effective_size, sample_weights, weight_named
from core.export.weights.weight import MOST, scaled
from core.types.curation import Decision, Rules
from core.types.errors import RulesError

P = np.array([0.9, 0.5, 0.05, 0.7, 0.3, 0.99, 0.6, 0.2])
LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1])
GROUPS = np.array(["a", "a", "a", "b", "b", "b", "b", "b"], object)


def view(**scores):
    columns = {name: ScoreColumn(name, np.asarray(v, np.float32), "hard", "density", {}) for name, v in scores.items()}
    return view_of(columns, labels=LABELS, groups=GROUPS)


def weigh(name, seen):
    return weight_named(name).weigh(WeightInputs(seen, np.arange(8), LABELS))


def test_focal_is_the_published_factor():
    raw = np.array([(1 - p) ** 2 for p in P])
    # scores are float32: seven digits
    np.testing.assert_allclose(weigh("focal", view(label_quality=P)), raw / raw.mean(), rtol=1e-5)


def test_dice_is_the_gradient_of_the_dice_loss_over_that_of_the_cross_entropy():
    def dice_loss(p, fixed):
        return 1 - (2 * (1 - fixed) * p + 1e-4) / ((1 - fixed) * p + 1 + 1e-4)

    step = 1e-5
    slope = [
        (dice_loss(p + step, p) - dice_loss(p - step, p)) / (np.log(p - step) - np.log(p + step)) for p in P
    ]  # central differences: an error of step^2
    expected = np.array(slope) / np.mean(slope)
    np.testing.assert_allclose(weigh("dice", view(label_quality=P)), expected, rtol=1e-5)


def test_kl_dro_is_the_worst_mixture():
    losses = -np.log(P)
    weights = weigh("kl_dro", view(loss=losses)) / 8

    def value(mixture):
        return (mixture * losses).sum() - (mixture * np.log(8 * mixture)).sum()

    rng = np.random.default_rng(0)
    nearby = [m / m.sum() for m in weights * np.exp(rng.normal(0, 0.05, (200, 8)))]
    assert value(weights) >= max(map(value, [*nearby, *rng.dirichlet(np.ones(8), 200)]))
    assert value(weights) == pytest.approx(np.log(np.mean(np.exp(losses))), rel=1e-5)


@pytest.mark.parametrize(("name", "most"), [("linear", 1.5), ("quadratic", 1.0), ("extremes", 1.0)])
def test_dynamic_weights_follow_their_shape_within_its_bound(name, most):
    losses = -np.log(P)
    h = np.array([2 * (x - losses.min()) / (losses.max() - losses.min()) - 1 for x in losses])
    shape = {"linear": [min(x, 0.5) for x in h], "quadratic": [-x * x for x in h], "extremes": [abs(x) for x in h]}
    expected = np.exp(shape[name])
    values = weigh(f"dynamic_{name}", view(loss=losses))
    np.testing.assert_allclose(values, expected / expected.mean(), rtol=1e-5)
    assert values.max() / values.min() <= np.exp(most) * (1 + 1e-6)
    np.testing.assert_array_equal(weigh(f"dynamic_{name}", view(loss=np.ones(8))), np.ones(8))


def test_equity_is_the_published_weight_of_the_cluster():
    share = np.array([0.5] * 4 + [0.25] * 2 + [0.25] * 2)
    raw = np.array([(1 + (1 - s) ** 5) / 2 for s in share])
    np.testing.assert_allclose(weigh("equity", view(cluster_rarity=1 - share)), raw / raw.mean(), rtol=1e-6)


def test_dga_prefers_the_slice_that_is_aligned():
    seen = view(tracin=[1, 2, 3, -1, -2, np.nan, -3, -2])
    aligned = {"a": 2.0, "b": -2.0}
    raw = np.array([np.exp(aligned[g] / 2.0) for g in GROUPS])
    np.testing.assert_allclose(weigh("dga", seen), raw / raw.mean())
    np.testing.assert_array_equal(weigh("dga", view(tracin=np.zeros(8))), np.ones(8))


def test_dga_without_groups_takes_the_classes():
    plain = view_of({"tracin": ScoreColumn("tracin", np.array([1] * 4 + [0] * 4), "hard", "density", {})}, LABELS)
    weights = weigh("dga", plain)
    assert weights[0] / weights[7] == pytest.approx(np.e)


def test_shortcut_is_what_the_other_rows_of_the_group_say():
    expected = []
    for row in range(8):
        others = [k for k in range(8) if k != row and GROUPS[k] == GROUPS[row]]
        same = sum(LABELS[k] == LABELS[row] for k in others)
        expected.append(1 - (same + np.mean(LABELS[row] == LABELS)) / (len(others) + 1))
    np.testing.assert_allclose(weigh("shortcut", view(loss=P)), np.array(expected) / np.mean(expected))


def test_a_corrected_label_has_the_probability_of_the_prediction_if_they_agree():
    seen = view(label_quality=P)
    object.__setattr__(seen, "predicted", np.array([1] * 8))
    object.__setattr__(seen, "predicted_prob", np.full(8, 0.5, np.float32))
    labels = LABELS.copy()
    labels[2] = 1
    weights = weight_named("focal").weigh(WeightInputs(seen, np.arange(8), labels))
    assert weights[2] / weights[0] == pytest.approx(0.25 / 0.01, rel=1e-4)


def test_a_bound_leaves_the_mean_and_the_order_of_the_others():
    raw = np.array([1e6, 1e3, *np.linspace(1, 2, 98)])
    weights = scaled(raw)
    assert weights.max() == MOST
    assert weights.mean() == pytest.approx(1)
    assert (np.diff(weights[2:]) > 0).all()
    one = scaled(np.array([1.0, *np.zeros(99)]))
    assert (one[0], one.mean()) == (MOST, pytest.approx(1))
    np.testing.assert_array_equal(scaled(np.zeros(4)), np.ones(4))
    np.testing.assert_array_equal(scaled(np.full(4, np.nan)), np.ones(4))
    np.testing.assert_allclose(scaled(np.array([1.0, np.nan, 3.0])), [0.5, 1, 1.5])


def test_effective_size_counts_equal_rows():
    assert effective_size(np.ones(7)) == pytest.approx(7)
    assert effective_size(np.array([2.0, 2, 0, 0])) == pytest.approx(2)
    assert effective_size(np.zeros(3)) == 0.0


@pytest.mark.parametrize("weight", WEIGHTS, ids=lambda weight: weight.name)
def test_a_weighted_sampler_takes_them_with_unlabeled_and_dropped_rows(weight):
    sampler = pytest.importorskip("torch.utils.data").WeightedRandomSampler
    labels, splits = [0, 0, 1, 1, -1, 0, 1, 1], ["train"] * 6 + ["test"] * 2
    seen = view(label_quality=[0.9, 0.2, 0.5, np.nan, np.nan, 0.7, 0.1, 0.3], cluster_rarity=P, tracin=P - 0.4)
    seen = view_of(dict(seen.scores), labels=labels, splits=splits, groups=GROUPS)
    outcome = apply_rules(seen, Rules(), {"e001": Decision("drop")})
    weights = sample_weights(seen, outcome, weight.name)
    assert np.isfinite(weights).all()
    assert not weights[[1, 4, 6, 7]].any()
    assert set(sampler(weights.tolist(), 200)) <= {0, 2, 3, 5}


def test_what_a_run_lacks_is_said():
    bare = view_of({"el2n": np.arange(8)}, LABELS)
    with pytest.raises(RulesError, match="focal cannot be had"):
        sample_weights(bare, apply_rules(bare, Rules()), "focal")
    assert [w.name for w in WEIGHTS if not w.missing(bare)] == ["balanced", "effective_number", "uniform"]
