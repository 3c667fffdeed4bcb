"""DUAL, dynamic uncertainty, TDDS, loss reduction, averaged margin: double loops, hand-worked epochs, ends.

Values are stored in single precision: 1e-5 relative is its rounding after at most sixty additions.
"""

from dataclasses import replace

import numpy as np
import pytest
from contracts.world import tiny_world

from core.scores import score_named
from core.scores.dual import early_epochs
from core.types.errors import CurationError

WINDOWED = ("dual", "dyn_unc", "tdds", "loss_reduction", "averaged_margin")
every_name = pytest.mark.parametrize("name", WINDOWED)


@pytest.fixture(scope="module")
def world():
    return tiny_world()


def with_logits(world, logits, first=1):
    epochs = tuple(range(first, first + logits.shape[1]))
    trace = replace(world.evidence.trace, logits=logits, epochs=epochs, seeds=tuple(range(len(logits))))
    trace = replace(trace, learning_rates=(0.1,) * len(epochs), seen_correct=None)
    return replace(world, evidence=replace(world.evidence, trace=trace))


def probabilities(world):
    z = world.evidence.trace.logits.astype(float)
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def of_label(world, row):
    """[S, T] probability of the row's label."""
    return probabilities(world)[:, :, row, world.examples.labels[row]]


def two_classes(curve):
    """A world of four rows whose label's probability follows `curve` in one seed."""
    world = tiny_world(n=4, classes=2, held_out=0, unlabeled=0)
    odds = np.log(np.asarray(curve) / (1 - np.asarray(curve)))
    sign = np.where(np.arange(2) == world.examples.labels[:, None], 0.5, -0.5)
    return with_logits(world, (odds[None, :, None, None] * sign[None, None]).astype(np.float64))


def rows_with_label(world):
    return np.flatnonzero(world.examples.labels >= 0)


def test_dynamic_uncertainty_is_a_double_loop(world):
    values = world.score(score_named("dyn_unc"), window=3).values
    for row in rows_with_label(world):
        p = of_label(world, row)
        spreads = [[p[s, k : k + 3].std(ddof=1) for k in range(p.shape[1] - 2)] for s in range(len(p))]
        assert values[row] == pytest.approx(np.mean(spreads), rel=1e-5, abs=1e-7)


def test_a_window_of_all_epochs_is_the_plain_spread(world):
    values = world.score(score_named("dyn_unc"), window=6).values
    beyond = world.score(score_named("dyn_unc"), window=40)
    np.testing.assert_array_equal(values, beyond.values)
    assert next(c for c in beyond.checks if c.name == "windows").light == "amber"
    variability = world.score(score_named("variability")).values
    np.testing.assert_allclose(values, variability * np.sqrt(6 / 5), rtol=1e-5)


def test_dual_is_a_double_loop(world):
    values = world.score(score_named("dual"), window=2, first_epochs=5).values
    for row in rows_with_label(world):
        p = of_label(world, row)
        parts = [p[s, k : k + 2] for s in range(len(p)) for k in range(4)]
        assert values[row] == pytest.approx(np.mean([w.std(ddof=1) * (1 - w.mean()) for w in parts]), rel=1e-5)


@pytest.mark.parametrize(
    ("recorded", "asked", "read"),
    [(200, 0, 30), (75, 0, 30), (60, 0, 24), (12, 0, 5), (2, 0, 2), (1, 0, 1), (12, 40, 12)],
)
def test_dual_reads_thirty_epochs_or_two_fifths(recorded, asked, read):
    assert early_epochs(recorded, asked) == read


def test_dual_stops_early(world):
    assert world.score(score_named("dual")).meta["epochs_read"] == [1, 2, 3]
    logits = world.evidence.trace.logits.copy()
    logits[:, 3:5] += 1.0 * np.arange(3)
    later = with_logits(world, logits).score(score_named("dual")).values
    np.testing.assert_array_equal(later, world.score(score_named("dual")).values)


def test_three_epochs_by_hand():
    """p = .2, .5, .8: spread .3 over all, .3 / sqrt(2) over each pair, with means .35 and .65."""
    world = two_classes([0.2, 0.5, 0.8])
    pair = 0.3 / np.sqrt(2)
    assert world.score(score_named("dyn_unc"), window=3).values == pytest.approx([0.3] * 4, rel=1e-5)
    assert world.score(score_named("dyn_unc"), window=2).values == pytest.approx([pair] * 4, rel=1e-5)
    by_hand = pair * (0.65 + 0.35) / 2
    assert world.score(score_named("dual"), window=2, first_epochs=3).values == pytest.approx([by_hand] * 4, rel=1e-5)
    assert world.score(score_named("averaged_margin")).values == pytest.approx([0.0] * 4, abs=1e-6)


def test_tdds_is_a_double_loop(world):
    values = world.score(score_named("tdds"), window=2).values
    p = probabilities(world)
    for row in range(len(world.examples)):  # the label plays no part: rows without one have a value
        per_seed = []
        for one in p[:, :, row]:
            d = [np.abs(b * np.log(b / a)).sum() for a, b in zip(one[:-1], one[1:], strict=True)]
            lengths = [np.linalg.norm(np.array(d[k : k + 2]) - np.mean(d[k : k + 2])) for k in range(len(d) - 1)]
            per_seed.append(sum(0.9 * 0.1 ** (len(lengths) - 1 - k) * one for k, one in enumerate(lengths)))
        assert values[row] == pytest.approx(np.mean(per_seed), rel=1e-5, abs=1e-7)


def test_tdds_of_three_epochs_by_hand():
    """p = .5, .8, .5: both steps measured by the later softmax; one window of two steps."""
    world = two_classes([0.5, 0.8, 0.5])
    up, down = 0.8 * np.log(1.6) - 0.2 * np.log(0.4), 0.5 * np.log(1.6) - 0.5 * np.log(0.4)
    by_hand = 0.9 * abs(up - down) / np.sqrt(2)
    assert world.score(score_named("tdds")).values == pytest.approx([by_hand] * 4, rel=1e-5)
    with pytest.raises(CurationError, match="one epoch has none"):
        two_classes([0.5]).score(score_named("tdds"))


def test_loss_reduction_of_an_exact_decay():
    """losses 2 * 0.8^t: q = 2 and w = .8 come back, with any number of epochs; what still falls up to epoch R."""
    world = two_classes(np.exp(-2 * 0.8 ** np.arange(1, 7)))
    for asked, horizon in ((2, 3), (6, 10), (20, 0)):
        values = world.score(score_named("loss_reduction"), first_epochs=asked, horizon=horizon).values
        assert values == pytest.approx([2 * (1 - 0.8 ** (horizon or 6))] * 4, rel=1e-5)
    rising = two_classes(np.exp(-2 * 1.2 ** np.arange(1, 7)))
    np.testing.assert_array_equal(rising.score(score_named("loss_reduction")).values, 0.0)


def test_loss_reduction_is_numpys_line(world):
    values = world.score(score_named("loss_reduction"), first_epochs=5).values
    for row in rows_with_label(world):
        expected = []
        for curve in of_label(world, row):
            slope, level = np.polyfit(np.arange(1, 6), np.log(np.maximum(-np.log(curve[:5]), 1e-6)), 1)
            expected.append(np.exp(level) * (1 - min(np.exp(slope), 1.0) ** 6))
        assert values[row] == pytest.approx(np.mean(expected), rel=1e-4, abs=1e-6)


def test_averaged_margin_averages_before_it_compares(world):
    result = world.score(score_named("averaged_margin"))
    p = probabilities(world)
    for row in rows_with_label(world):
        label = world.examples.labels[row]
        for value, mean in [(result.values[row], p[:, :, row].mean(axis=(0, 1)))] + [
            (result.per_seed[s, row], p[s, :, row].mean(axis=0)) for s in range(len(p))
        ]:
            other = np.delete(mean, label).max()
            assert value == pytest.approx(np.log(other) - np.log(mean[label]), rel=1e-4, abs=1e-6)


def test_the_order_of_epochs_matters_where_windows_slide_alone(world):
    shuffled = with_logits(world, world.evidence.trace.logits[:, [3, 0, 5, 2, 4, 1]])
    for name, settings in (("dyn_unc", {"window": 2}), ("tdds", {"window": 2}), ("averaged_margin", {})):
        one, other = (w.score(score_named(name), **settings).values for w in (world, shuffled))
        assert np.allclose(one, other, rtol=1e-5, atol=1e-6, equal_nan=True) == (name == "averaged_margin")


@every_name
def test_predictions_that_never_move_have_nothing_to_say(world, name):
    still = with_logits(world, np.repeat(world.evidence.trace.logits[:, -1:], 5, axis=1))
    values = still.score(score_named(name)).values
    if name == "averaged_margin":
        last = world.evidence.trace.logits[:, -1:]
        np.testing.assert_allclose(values, with_logits(world, last).score(score_named(name)).values, rtol=1e-5)
    else:
        assert np.array_equal(values[rows_with_label(world)], np.zeros(57))


@every_name
def test_the_network_before_training_is_not_read(world, name):
    logits = world.evidence.trace.logits
    wild = np.concatenate([100 * np.ones_like(logits[:, :1]) * np.arange(3), logits], axis=1)
    with_start = with_logits(world, wild, first=0).score(score_named(name)).values
    np.testing.assert_array_equal(with_start, world.score(score_named(name)).values)
    with pytest.raises(CurationError, match="epoch 0"):
        with_logits(world, logits[:, :1], first=0).score(score_named(name))
