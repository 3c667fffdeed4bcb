import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.scores import coverage_scores
from core.selection import STRATEGIES, StrategyInputs, apply_in_order, apply_threshold, ordering, strategy_named
from core.selection.allocation import proportional, smallest_first
from core.selection.coverage import equal_width
from core.selection.ordering import ascending, ascending_rows, smallest
from core.types.curation import Threshold
from core.types.errors import CurationError, RulesError
from core.types.params import params_from_dict


def _inputs(priority, labels=None, candidates=None, scores=None, side=None, seed=0, ids=None) -> StrategyInputs:
    priority = np.asarray(priority, np.float32)
    size = len(priority)
    candidates = np.ones(size, bool) if candidates is None else np.asarray(candidates, bool)
    return StrategyInputs(
        priority,
        np.zeros(size, np.int64) if labels is None else np.asarray(labels),
        candidates,
        scores or {},
        side or {},
        np.arange(size, dtype=np.uint32) if ids is None else ids,
        int(candidates.sum()),
        seed,
        coverage_scores=coverage_scores(),
    )


def _run(name: str, inputs: StrategyInputs, **params) -> np.ndarray:
    strategy = strategy_named(name)
    return strategy.select(inputs, params_from_dict(strategy.params, params)).kept


FRACTIONAL = [s.name for s in STRATEGIES if s.uses_fraction]


@pytest.mark.parametrize("name", FRACTIONAL)
@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 500), fraction=st.floats(0, 1))
def test_the_budget_is_met_exactly_and_only_candidates_go(name, seed, fraction):
    rng = np.random.default_rng(seed)
    priority = np.round(rng.normal(size=50), 1)
    priority[rng.random(50) < 0.1] = np.nan
    inputs = _inputs(
        priority, rng.integers(-1, 4, 50), rng.random(50) < 0.8, {"aum": priority.astype(np.float32)}, {"aum": -1}, seed
    )
    kept = _run(name, inputs, keep_fraction=fraction)
    assert kept[~inputs.candidates].all()
    assert kept[inputs.candidates].sum() == round(fraction * inputs.candidates.sum())


@pytest.mark.parametrize("name", FRACTIONAL)
def test_rows_may_be_permuted(name):
    rng = np.random.default_rng(1)
    order = rng.permutation(40)
    priority, labels = np.round(rng.normal(size=40), 1).astype(np.float32), rng.integers(0, 3, 40)
    ids = rng.permutation(40).astype(np.uint32)
    plain = _inputs(priority, labels, ids=ids, scores={"aum": priority}, side={"aum": -1})
    mixed = _inputs(priority[order], labels[order], ids=ids[order], scores={"aum": priority[order]}, side={"aum": -1})
    first, second = _run(name, plain, keep_fraction=0.4), _run(name, mixed, keep_fraction=0.4)
    np.testing.assert_array_equal(first[order], second)


def test_threshold_strategy_drops_nothing():
    assert _run("threshold", _inputs([1, 2, 3])).all()


def test_top_fraction_keeps_the_highest_and_breaks_ties_by_id():
    kept = _run("top_fraction", _inputs([5, 1, 1, 9], ids=np.array([0, 3, 2, 1], np.uint32)), keep_fraction=0.75)
    assert kept.tolist() == [True, True, False, True]  # of the two equal rows the first id goes


def test_a_row_without_a_priority_goes_last():
    assert _run("top_fraction", _inputs([np.nan, 5, 6]), keep_fraction=1 / 3).tolist() == [True, False, False]


def test_class_balanced_shares_what_small_classes_cannot_use():
    labels = np.array([0] * 2 + [1] * 10 + [2] * 20)  # the reference code took the last class's size for all
    kept = _run("class_balanced", _inputs(np.arange(32), labels), keep_fraction=0.5)
    assert np.bincount(labels[kept]).tolist() == [2, 7, 7]
    assert kept[[11, 31]].all()  # the best of each class


def test_class_balanced_without_balance_keeps_the_shares():
    labels = np.array([0] * 10 + [1] * 30)
    kept = _run("class_balanced", _inputs(np.arange(40), labels), keep_fraction=0.5, balance=0.0)
    assert np.bincount(labels[kept]).tolist() == [5, 15]


def test_moderate_keeps_the_middle_and_not_its_complement():
    kept = _run("moderate", _inputs(np.arange(10)), keep_fraction=0.4)
    assert np.flatnonzero(kept).tolist() == [3, 4, 5, 6]


def test_coverage_drops_the_most_suspect_first_and_spreads_over_the_strata():
    aum = np.concatenate([np.linspace(-10, -9, 10), np.linspace(0, 10, 90)]).astype(np.float32)
    inputs = _inputs(np.zeros(100), scores={"aum": aum}, side={"aum": -1})
    kept = _run("coverage", inputs, keep_fraction=0.5, beta=0.1, strata=10)
    assert not kept[:10].any()
    assert np.bincount(equal_width(aum[10:], 10), kept[10:]).tolist() == [5.0] * 10


def test_coverage_can_always_meet_its_budget():
    assert (
        _run(
            "coverage",
            _inputs(np.arange(10), scores={"aum": np.arange(10.0)}, side={"aum": -1}),
            keep_fraction=0.9,
            beta=0.9,
        ).sum()
        == 9
    )


def test_strata_include_both_ends_even_when_all_values_are_negative():
    strata = equal_width(np.array([-3, -2.5, -1, np.nan], np.float32), 4)
    assert strata.tolist() == [0, 1, 3, 4]
    assert equal_width(np.array([2.0, 2.0]), 50).tolist() == [0, 0]


def test_uniform_depends_on_the_seed_alone():
    inputs = [_inputs(np.arange(200), seed=s) for s in (0, 0, 1)]
    first, again, other = (_run("uniform", i) for i in inputs)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=12), st.integers(0, 400))
def test_allocations_meet_the_budget_within_the_sizes(sizes, budget):
    sizes = np.array(sizes)
    for share in (smallest_first, proportional):
        given_out = share(sizes, budget)
        assert given_out.sum() == min(budget, sizes.sum())
        assert (given_out <= sizes).all()
        assert (given_out >= 0).all()


def test_unknown_names_are_refused():
    with pytest.raises(RulesError, match="Unknown strategy"):
        strategy_named("best")
    with pytest.raises(RulesError, match="does not have"):
        _run("moderate", _inputs([1, 2]), score="loss")
    with pytest.raises(CurationError, match="above"):
        _run("uniform", _inputs([1, 2]), keep_fraction=1.5)


def _cut(kind: str, drop: str, cut: float, values) -> tuple[list[int], float]:
    values = np.asarray(values, np.float32)
    found = apply_threshold(Threshold("x", kind, drop, cut), values, np.arange(len(values), dtype=np.uint32))
    return sorted(found.rows.tolist()), float(found.value)


def test_value_cuts_are_strict():
    assert _cut("value", "above", 2, [1, 2, 3, np.nan]) == ([2], 2.0)
    assert _cut("value", "below", 2, [1, 2, 3, np.nan]) == ([0], 2.0)


def test_a_value_read_from_the_screen_cuts_where_it_says():
    assert _cut("value", "above", 0.1, [np.float32(0.1), 0.2])[0] == [1]  # 0.1 as float32 is above 0.1 as float64


@pytest.mark.parametrize(
    ("drop", "cut", "gone"),
    [
        ("above", 90, 10),
        ("above", 100, 0),
        ("above", 0, 100),
        ("below", 10, 10),
        ("below", 0, 0),
        ("below", 100, 100),
        ("above", 99.9, 0),
        ("above", 70, 30),
    ],
)
def test_percentiles_count_rows(drop, cut, gone):
    assert len(_cut("percentile", drop, cut, np.random.default_rng(0).permutation(100))[0]) == gone


def test_equal_values_share_their_fate_under_a_percentile():
    assert _cut("percentile", "above", 50, [1, 1, 1, 2])[0] == [3]
    assert _cut("percentile", "above", 10, [1, 1, 1, 1])[0] == []


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=30), st.integers(0, 40), st.sampled_from(["above", "below"]))
def test_a_count_drops_exactly_so_many_by_value_and_then_id(values, count, drop):
    rows, cut = _cut("count", drop, count, values)
    sign = -1 if drop == "above" else 1
    assert rows == sorted(sorted(range(len(values)), key=lambda r: (sign * values[r], r))[:count])
    for row, value in enumerate(values):
        margin = (cut - value) * -sign
        assert margin <= 0 if row in rows else margin >= 0


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (("x", "rank", "above", 1), "kind 'rank'"),
        (("x", "value", "left", 1), "drop 'left'"),
        (("x", "percentile", "above", 101), "percentile on x is 101"),
        (("x", "count", "above", 1.5), "count on x is 1.5"),
        (("x", "value", "above", math.nan), "is nan"),
    ],
)
def test_senseless_thresholds_are_refused(bad, told):
    with pytest.raises(RulesError, match=told):
        apply_threshold(Threshold(*bad), np.zeros(3, np.float32), np.arange(3, dtype=np.uint32))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(width=32), min_size=1, max_size=40), st.randoms())
def test_orders_equal_python_sorting(values, random):
    column = np.array(values, np.float32)
    ids = list(range(len(values)))
    random.shuffle(ids)
    id_rank = np.array(ids, np.uint32)
    gap = [math.isnan(v) for v in values]
    want = sorted(range(len(values)), key=lambda r: (gap[r], 0 if gap[r] else values[r], ids[r]))
    assert ascending(column, id_rank).tolist() == want
    id_order = np.argsort(id_rank)
    assert ascending_rows(column, id_rank, id_order).tolist() == want
    rest = np.array([row for row in (2, 0) if row < len(column)], np.int64)
    rows = np.setdiff1d(np.arange(len(column)), rest).astype(np.uint32)
    found = ascending_rows(column, id_rank, id_order, rows, rest).tolist()
    assert found == [row for row in want if row not in rest] + rest.tolist()
    assert sorted(smallest(column, id_rank, 3).tolist()) == sorted(want[:3])


@pytest.mark.parametrize("values", [20, 400, 5000])  # nearly all tied, some, hardly any
def test_an_order_does_not_depend_on_blocks_nor_on_how_many_are_tied(monkeypatch, values):
    monkeypatch.setattr(ordering, "_BLOCK", 7)
    rng = np.random.default_rng(values)
    column = rng.integers(0, values, 500).astype(np.float32)
    column[rng.random(500) < 0.02] = np.nan
    id_rank = rng.permutation(500).astype(np.uint32)
    want = np.lexsort((id_rank, column))
    assert ascending_rows(column, id_rank, np.argsort(id_rank)).tolist() == want.tolist()


@settings(deadline=None, max_examples=300)
@given(
    seed=st.integers(0, 10_000),
    kind=st.sampled_from(["count", "percentile", "value"]),
    drop=st.sampled_from(["above", "below"]),
    size=st.integers(0, 30),
)
def test_a_cut_read_off_an_order_is_the_cut_that_sorting_finds(seed, kind, drop, size):
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(size=size), 1).astype(np.float32)  # many ties, and both zeros
    ids = rng.permutation(size).astype(np.uint32)
    end = size + 3 if kind == "count" else 101 if kind == "percentile" else 2
    cut = (
        float(rng.integers(-1 if kind == "value" else 0, end))
        if kind == "count" or rng.random() < 0.5
        else float(rng.choice(values) if kind == "value" and size else rng.uniform(0, end - 1))
    )
    threshold = Threshold("x", kind, drop, cut)
    order = ascending(-values if drop == "above" else values, ids)
    expected, found = apply_threshold(threshold, values, ids), apply_in_order(threshold, values, order)
    assert sorted(found.rows.tolist()) == sorted(expected.rows.tolist())
    np.testing.assert_array_equal(found.value, expected.value)
