import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.composite_rows import composite_rows, ranks

from core.composite import (
    agreement_with_others,
    build_terms,
    coefficients,
    combine,
    normalise,
)
from core.composite.aggregators import mean_of_quartiles
from core.types.curation import Rules
from core.types.errors import RulesError

NAMES = ("a", "b", "c", "d")
GROUPS = {"a": "one", "b": "one", "c": "two", "d": "three"}
SIGNS = {"a": 1, "b": -1, "c": 1, "d": 0}


def _random(seed: int, size: int = 40) -> dict:
    rng = np.random.default_rng(seed)
    values = {n: np.round(rng.normal(size=size), 1).astype(np.float32) for n in NAMES}
    values["b"][rng.random(size) < 0.3] = np.nan
    values["c"][rng.random(size) < 0.2] = np.nan
    return values


def composite(values: dict, signs: dict, groups: dict, rules: Rules) -> tuple:
    """(c, coverage) from raw scores."""
    result = combine(build_terms(values, rules.transform), signs, groups, rules)
    return result.values, result.coverage


WEIGHT = st.just(0.0) | st.floats(0.01, 3)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 1000), WEIGHT, WEIGHT, WEIGHT)
def test_composite_equals_the_row_by_row_definition(seed, group_weight, score_weight, other):
    values = _random(seed)
    rules = Rules(group_weights={"one": group_weight, "two": other}, score_weights={"a": score_weight})
    got, coverage = composite(values, SIGNS, GROUPS, rules)
    want, covered = composite_rows(values, SIGNS, GROUPS, rules.group_weights, rules.score_weights)
    # terms are stored as float32: half a unit in the last place of 0.5 is 3e-8, summed over four
    np.testing.assert_allclose(got, want, atol=2e-7)
    np.testing.assert_allclose(coverage, covered, atol=1e-6)


@pytest.mark.parametrize("how", ["rank", "probit", "robust_z"])
def test_centre_is_zero_and_gaps_stay(how):
    values = np.array([3, 1, np.nan, 2, 5], np.float32)
    out = normalise(values, how)
    assert np.isnan(out[2])
    assert out[np.nanargmax(values)] == np.nanmax(out)
    if how != "robust_z":
        assert np.nansum(out) == pytest.approx(0, abs=1e-6)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-1e6, 1e6, width=32) | st.just(float("nan")), min_size=1, max_size=30))
def test_ranks_equal_the_definition_and_ties_share(values):
    column = np.array(values, np.float32)
    np.testing.assert_allclose(normalise(column), ranks(column.tolist()), atol=6e-8)


def test_rank_is_invariant_under_monotone_maps():
    values = _random(1)["a"].astype(np.float64)
    np.testing.assert_array_equal(normalise(values), normalise(np.exp(values) * 3 - 7))


def test_robust_z_falls_back_to_iqr_and_then_to_zero():
    assert not normalise(np.ones(8), "robust_z").any()
    mostly = np.array([0, 0, 0, 0, 0, 1, 2, 3.0])  # median absolute deviation 0, interquartile range 1.25
    assert normalise(mostly, "robust_z")[-1] == pytest.approx(3 / (1.25 / 1.349))
    assert normalise(np.array([0, 1, 2, 3, 4, 1e9]), "robust_z").max() == 5


def test_within_class_uses_the_whole_for_small_classes():
    labels = np.array([0] * 10 + [1] * 10 + [2] * 3)
    values = np.arange(23, dtype=np.float32)
    out = normalise(values, "rank", labels)
    np.testing.assert_array_equal(out[:10], out[10:20])
    np.testing.assert_array_equal(out[20:], normalise(values)[20:])


def test_rows_outside_the_reference_are_placed_in_it():
    values = np.array([1, 2, 2, 4, 0, 2, 9, 3], np.float32)
    reference = np.array([True] * 4 + [False] * 4)
    out = normalise(values, "rank", None, reference)
    np.testing.assert_array_equal(out[:4], normalise(values[:4]))
    np.testing.assert_allclose(out[4:] + 0.5, [0.0, 0.5, 1.0, 0.75])


def test_one_score_keeps_its_own_order_and_reverses_with_its_orientation():
    values = {"a": _random(2)["a"]}
    up, _ = composite(values, {"a": 1}, GROUPS, Rules())
    down, _ = composite(values, {"a": -1}, GROUPS, Rules())
    np.testing.assert_array_equal(up, normalise(values["a"]).astype(np.float64))
    np.testing.assert_array_equal(up, -down)


def test_weight_zero_is_absent():
    values = _random(3)
    for rules in (Rules(score_weights={"c": 0}), Rules(group_weights={"two": 0})):
        with_zero, _ = composite(values, SIGNS, GROUPS, rules)
        without, _ = composite({n: values[n] for n in "abd"}, SIGNS, GROUPS, Rules())
        np.testing.assert_array_equal(with_zero, without)


def test_a_constant_score_contributes_nothing():
    values = {"a": _random(4)["a"], "c": np.full(40, 7, np.float32)}
    both, _ = composite(values, SIGNS, GROUPS, Rules())
    np.testing.assert_allclose(both, normalise(values["a"]) / 2, atol=1e-7)


def test_quartiles_are_those_of_numpy_and_a_weight_of_two_is_a_group_twice():
    rng = np.random.default_rng(0)
    means = rng.normal(size=(5, 40))
    means[rng.random(means.shape) < 0.2] = np.nan
    means[:, 3] = np.nan
    values = mean_of_quartiles(means, np.ones(5))
    assert np.isnan(values[3])
    for column in np.delete(np.arange(40), 3):
        present = means[np.isfinite(means[:, column]), column]
        first, middle, third = np.quantile(present, [0.25, 0.5, 0.75], method="hazen")
        assert values[column] == pytest.approx((first + 2 * middle + third) / 4)
    left_out = mean_of_quartiles(means, np.array([1.0, 0, 1, 1, 1]))
    np.testing.assert_allclose(left_out, mean_of_quartiles(np.delete(means, 1, 0), np.ones(4)))
    assert mean_of_quartiles(np.zeros((0, 2)), np.ones(0)).shape == (2,)


@pytest.mark.parametrize("aggregator", ["mean", "median", "borda", "quantiles", "max"])
def test_rows_may_be_permuted(aggregator):
    values, order = _random(5), np.random.default_rng(0).permutation(40)
    rules = Rules(aggregator=aggregator, group_weights={"one": 2.0})
    first, _ = composite(values, SIGNS, GROUPS, rules)
    second, _ = composite({n: v[order] for n, v in values.items()}, SIGNS, GROUPS, rules)
    np.testing.assert_array_equal(first[order], second)


def test_aggregators_by_hand():
    values = {
        "a": np.array([1, 2, 3, 4], np.float32),
        "c": np.array([4, np.nan, 1, 2], np.float32),
        "d": np.array([1, 1, np.nan, 1], np.float32),
    }
    signs = {"a": 1, "c": 1, "d": 1}
    a = np.array([-3, -1, 1, 3]) / 8
    c = np.array([2 / 6 - 0.0, np.nan, -2 / 6, 0.0])
    d = np.array([0.0, 0.0, np.nan, 0.0])
    middle, _ = composite(values, signs, GROUPS, Rules(aggregator="median"))
    by_hand = [np.median([a[0], c[0], 0]), (a[1] + d[1]) / 2, (a[2] + c[2]) / 2, 0.0]
    np.testing.assert_allclose(middle, by_hand, atol=1e-6)
    alarm, _ = composite(values, signs, GROUPS, Rules(aggregator="max"))
    np.testing.assert_allclose(alarm, np.nanmax([a, c, d], axis=0), atol=1e-6)


def test_no_weighted_score_gives_no_composite():
    value, coverage = composite(_random(6), dict.fromkeys(NAMES, 0), GROUPS, Rules())
    assert np.isnan(value).all()
    assert not coverage.any()


def test_coefficients_follow_the_composite():
    values = {n: _random(7)[n] for n in "ad"} | {"c": np.arange(40, dtype=np.float32)}
    signs = {"a": 1, "c": -1, "d": 1}
    rules = Rules(group_weights={"one": 0.3}, score_weights={"d": 2.0})
    terms = build_terms(values)
    row = coefficients(terms.names, signs, GROUPS, rules)
    by_hand = sum(row[n] * terms.matrix[k].astype(float) for k, n in enumerate(terms.names))
    np.testing.assert_allclose(combine(terms, signs, GROUPS, rules).values, by_hand, atol=1e-12)
    assert row["c"] < 0 < row["a"]


def test_coefficients_follow_the_group_mean_formula():
    orientation = {"a": 1, "b": 1, "c": -1, "d": 0}
    groups = {"a": "x", "b": "x", "c": "y", "d": "y"}

    def made(**weights):
        return {name: c for name, c in coefficients(tuple("abcd"), orientation, groups, Rules(**weights)).items() if c}

    by_hand = {"a": 3 / 4 * 2 / 3, "b": 1 / 4 * 2 / 3, "c": -1 / 3}
    assert made(group_weights={"x": 2.0}, score_weights={"a": 3.0}) == pytest.approx(by_hand)
    assert made(group_weights={"x": 0.0}) == {"c": -1.0}
    assert made(group_weights={"x": 0.0, "y": 0.0}) == {}


@pytest.mark.parametrize(
    "rules",
    [
        Rules(score_weights={"a": -1}),
        Rules(group_weights={"one": float("nan")}),
        Rules(aggregator="vote"),
        Rules(transform="log"),
    ],
)
def test_senseless_rules_are_refused(rules):
    with pytest.raises(RulesError):
        composite(_random(8), SIGNS, GROUPS, rules)


def test_a_score_that_contradicts_the_others_has_no_agreement():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=500)
    signs = {"a": 1, "c": 1, "d": -1}
    values = {n: (sign * truth + rng.normal(size=500)).astype(np.float32) for n, sign in signs.items()}
    agreement = agreement_with_others(build_terms(values), {"a": 1, "c": 1, "d": 1}, GROUPS)
    assert agreement["d"] == 0
    assert agreement_with_others(build_terms({"a": values["a"]}), {"a": 1}, GROUPS) == {"a": 1.0}
