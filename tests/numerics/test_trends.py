"""The rising class: S by double loop and by Kendall's tau, its variance by enumeration, planted rises."""

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import kendalltau

from core.numerics.trends import rising_class, trend, trend_variance


def test_trend_is_a_double_loop_and_kendalls_tau():
    series = np.random.default_rng(0).normal(size=(7, 5))
    for column, total in enumerate(trend(series)):
        values = series[:, column]
        loop = sum(np.sign(values[b] - values[a]) for a in range(7) for b in range(a + 1, 7))
        assert total == loop
        assert total == pytest.approx(kendalltau(np.arange(7), values).statistic * 21)


@pytest.mark.parametrize("epochs", [2, 3, 5])
def test_variance_is_that_of_all_orders(epochs):
    every = np.array(list(permutations(range(epochs))), dtype=float).T
    assert trend_variance(epochs) == pytest.approx(trend(every).var())


def logits_with(rise, epochs=12, seeds=2, rows=6, classes=4, seed=0):
    """Noise, and class `rise` of the even rows going up."""
    rng = np.random.default_rng(seed)
    z = rng.normal(scale=0.1, size=(seeds, epochs, rows, classes))
    z[:, :, ::2, rise] += np.linspace(-2, 2, epochs)[:, None]
    return z


def test_a_planted_rise_is_named_unless_it_is_the_given_label():
    z = logits_with(rise=2)
    assert (rising_class(z, np.zeros(6, int))[::2] == 2).all()
    assert (rising_class(z, np.full(6, 2))[::2] != 2).all()
    assert (rising_class(z, np.full(6, -1))[::2] == 2).all()


def test_noise_is_named_about_as_rarely_as_asked():
    """Each of two classes rises by chance with alpha = .1, against each other: below .1 for the one that is not given.

    400 rows: the share's standard error is .015; .15 is more than three of it above .1.
    """
    noise = np.random.default_rng(1).normal(size=(2, 12, 400, 2))
    share = (rising_class(noise, np.zeros(400, int)) >= 0).mean()
    assert 0.03 < share < 0.15


def test_what_stays_or_is_too_short_or_not_finite_has_no_rising_class():
    labels = np.zeros(6, int)
    assert (rising_class(np.ones((2, 12, 6, 4)), labels) == -1).all()
    assert (rising_class(logits_with(2, epochs=3, seeds=1), labels) == -1).all()
    assert (rising_class(logits_with(2)[..., :1], labels) == -1).all()
    broken = logits_with(2)
    broken[1, 3, 0, 1] = np.nan
    assert rising_class(broken, labels)[0] == -1
    assert rising_class(broken, labels)[2] == 2


def test_blocks_of_rows_play_no_part(monkeypatch):
    z, labels = logits_with(1, rows=50), np.arange(50) % 4
    whole = rising_class(z, labels)
    monkeypatch.setattr("core.numerics.trends._CELLS", 12 * 4 * 7)
    np.testing.assert_array_equal(rising_class(z, labels), whole)
